"""Small studies written by hand, for tests whose right answer can be counted on the fingers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.answers import read
from analysis.statistics import results
from tests.analysis.simulate import write

EMPTY = {"participants.csv": [], "stimuli.csv": [], "answers.csv": []}


def results_of(tables: dict, folder: Path, seed: int = 0) -> dict:
    """results.json of a study, with 200 resamples."""
    return results(read(write(tables, folder)), np.random.default_rng(seed), resamples=200)


def by_hand(people: dict[str, dict], answers: list[dict]) -> dict[str, list[dict]]:
    """A study with clips x, xx (AI) and y, yy (human); `people` and `answers` give what matters."""
    clips = [
        {"study": "s", "stimulus_id": name, "origin": origin}
        for name, origin in (("x", "ai"), ("xx", "ai"), ("y", "human"), ("yy", "human"))
    ]
    full = [
        {"study": "s", "answer_id": f"a{n}", "trial_id": f"t{n}", "kind": "pair", **row}
        for n, row in enumerate(answers)
    ]
    return {
        "participants.csv": [{"study": "s", "participant_id": name, **row} for name, row in people.items()],
        "stimuli.csv": clips,
        "answers.csv": full,
    }


def pair(who: str, a: str, b: str, choice: str, **more: str) -> dict:
    """One answer to a pair."""
    return {"participant_id": who, "stimulus_a": a, "stimulus_b": b, "choice": choice, **more}
