"""What a researcher watches: counts that agree with what participants did."""

from __future__ import annotations

import random
from pathlib import Path

from survey.overview import Overview
from survey.store import Store
from tests.survey.helpers import take


def test_a_study_that_nobody_has_begun(store: Store):
    seen, = Overview(store).studies()
    assert (seen.slug, seen.title, seen.state) == ("small", "A small study", "ready")
    assert seen.clips_built == seen.clips_total > 0
    assert (seen.started, seen.finished, seen.answers, seen.last_answer_at) == (0, 0, 0, None)
    assert {count for _, count in seen.by_step} == {0}


def test_everybody_counts_at_every_step_that_they_reached(store: Store):
    overview, rng = Overview(store), random.Random(1)
    for answered in (None, 1, 3):           # one goes to the end, two stop on the way
        take(store, store.start("small"), rng, answered)
    seen, = overview.studies()
    assert (seen.started, seen.finished) == (3, 1)
    reached = [count for _, count in seen.by_step]
    assert reached == sorted(reached, reverse=True)
    assert (reached[0], reached[-1]) == (3, 1)
    assert reached[:5] == [3, 3, 2, 2, 1]
    assert seen.by_step[0][0] == "consent"


def test_the_last_answer_moves_with_the_answers(store: Store):
    overview, rng = Overview(store), random.Random(1)
    take(store, store.start("small"), rng)
    first, = overview.studies()
    assert first.answers > 0
    assert first.last_answer_at == max(row["answered_at"] for row in store.dump("small").answers)
    assert store.status("small").last_answer_at == first.last_answer_at
    take(store, store.start("small"), rng)
    assert overview.studies()[0].last_answer_at > first.last_answer_at


def test_the_files_are_those_of_the_export(store: Store, tmp_path: Path):
    Overview(store).export("small", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "participants.csv", "stimuli.csv", "answers.csv", "codebook.md"}
