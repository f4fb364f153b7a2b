"""A sweep moves one factor at a time and says what came of it."""

from dataclasses import replace

import pytest

from model.evaluation.prepared import EvaluationError
from model.evaluation.sweep import FACTORS, PRESET, design, figure, table
from model.settings import PRESETS, Settings

CENTRE = Settings()


def test_every_setting_differs_from_the_centre_in_one_factor():
    (first, centre), *others = design(CENTRE, tuple(FACTORS))
    assert first == "centre" and centre == CENTRE
    for label, settings in others:
        moved = [name for name in FACTORS if getattr(settings, name) != getattr(CENTRE, name)]
        assert len(moved) == 1 and settings != CENTRE, label
    assert len({label for label, _ in others}) == len(others)
    for name, levels in FACTORS.items():
        reached = {getattr(settings, name) for _, settings in [("", CENTRE), *others]}
        assert set(levels) <= reached


def test_the_published_presets_stand_beside_it_with_the_guard_and_without():
    _, *presets = design(CENTRE, [PRESET])
    published = list(PRESETS.values())[1:]
    assert [settings for _, settings in presets[::2]] == published
    assert [settings for _, settings in presets[1::2]] == [replace(one, guard=False) for one in published]
    assert presets[1][0] == "published 0.5 · 15 · 6, guard off"
    assert design(CENTRE)[-len(presets):] == presets


def test_only_known_factors_are_moved():
    assert len(design(CENTRE, ["best_of"])) == len(FACTORS["best_of"])
    with pytest.raises(EvaluationError, match="received tempo"):
        design(CENTRE, ["tempo"])


def test_the_table_begins_with_what_is_told_least_and_the_figure_has_every_row(tmp_path):
    rows = [{"label": label, "auc": auc, "ci95": [auc - 0.1, auc + 0.05], "distance": 1.2, "faults": 20.0}
            for label, auc in (("centre", 0.8), ("best of 4", 0.7), ("top-k 10", 0.9))]
    lines = table({"rows": rows}).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["best of 4", "centre", "top-k 10"]
    figure({"rows": rows}, tmp_path / "sweep.svg")
    drawn = (tmp_path / "sweep.svg").read_text()
    assert drawn.startswith("<svg") and all(row["label"] in drawn for row in rows)
