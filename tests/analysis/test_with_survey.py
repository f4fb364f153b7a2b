"""The seam to the survey: what its exporter writes is what the analysis reads, to the last number."""

from pathlib import Path

import numpy as np

from analysis.answers import read
from analysis.statistics import results
from survey.export import export, import_
from survey.store import Store
from tests.analysis.simulate import simulated_study, write


def results_of(folder: Path) -> dict:
    return results(read(folder), np.random.default_rng(0), resamples=50)


def test_imported_and_exported_again_the_numbers_are_the_same(tmp_path):
    tables = simulated_study(6, 0.8, 3, excluded=1)
    tables["answers.csv"][-1]["comment"] = "'=begins like a formula, and says 'so'\r\n"
    first = write(tables, tmp_path / "first")
    store = Store(f"sqlite:///{tmp_path / 'survey.db'}")
    slug = import_(store, first)
    (tmp_path / "second").mkdir()
    export(store, slug, tmp_path / "second")
    assert results_of(tmp_path / "second") == results_of(first)
