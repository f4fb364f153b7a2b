"""A small study whose clips are yet to be built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from survey.store import Store
from survey.study import Study
from survey.study.study_file import parse
from tests.survey.fakes import TONES


@pytest.fixture
def study() -> Study:
    return parse(TONES, "tones.yaml")


@pytest.fixture
def store(tmp_path: Path, study: Study) -> Iterator[Store]:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as opened:
        opened.register(study)
        yield opened
