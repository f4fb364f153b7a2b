"""A simulated run: the study's own design, the accuracy that was asked for, never taken for a real run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from survey import design
from survey.errors import StoreError
from survey.export import export, import_, read, simulate, write
from survey.export.simulate import SimulationError, evidence
from survey.store import Store
from survey.study import Study
from survey.study.study_file import StudyError, load, parse
from tests.survey.helpers import SMALL, small_study

EVERY_KIND = SMALL.replace("pairs: {one_ai: 2, both_ai: 1, both_human: 1}", """pairs:
      {one_ai: 2, both_ai: 1, both_human: 1, prefer: 1, repeats: 2, attention: 1}
    prefer_question: Which is better?""").replace(
    "settings: [{temperature: 0.5}]", "settings: [{temperature: 0.5, system: [one, two]}]").replace(
    "settings: [{temperature: [0.3, 0.9]}]", """settings: [{temperature: [0.3, 0.9]}]
    scales: [{id: coherent, question: Coherent?, low: No, high: Yes}]
    labels: [blind, true, false]""").replace("seed: 7", "seed: 7\ndebrief: true").replace(
    "question: Coherent?", 'question: "Coherent?"').replace("  - kind: ratings", """  - kind: pairs
    id: warm_up
    title: Practice
    question: Which one?
    practice: true
    pairs: {one_ai: 1}
    prompts: same
    settings: [{}]
  - kind: ratings""", 1)


@pytest.fixture(scope="module")
def study() -> Study:
    return parse(EVERY_KIND, "every.yaml")


@pytest.mark.parametrize("slug", ["default", "published"])
def test_the_studies_that_ship_can_be_simulated(slug: str) -> None:
    assert simulate.simulate(load(slug), 3, 0.6).answers


def test_the_same_arguments_give_the_same_data(study: Study) -> None:
    once = simulate.simulate(study, 4, 0.6, seed=1)
    assert once == simulate.simulate(study, 4, 0.6, seed=1)
    assert once.answers != simulate.simulate(study, 4, 0.6, seed=2).answers


def test_everybody_meets_their_own_design(study: Study) -> None:
    data = simulate.simulate(study, 12, 0.6)
    kinds = {"practice_pair": "practice"}
    finished = 0
    for ordinal, person in enumerate(data.participants):
        given = [(row["kind"], row["trial_id"], row["condition"], row["label"], row["repeat_of"],
                  *(clip for clip in (row["stimulus_a"], row["stimulus_b"]) if clip))
                 for row in data.answers if row["participant_id"] == person["participant_id"]]
        due = [(kinds.get(step.kind, step.kind), step.trial_id, step.condition, step.label, step.repeat_of,
                *step.clips) for step in design.steps(study, ordinal)
               if step.trial_id is not None or step.kind == "comment"]
        assert given == due[:len(given)]
        assert (len(given) == len(due)) or person["finished_at"] is None
        finished += person["finished_at"] is not None
    assert finished > 6
    found = Counter(row["kind"] for row in data.answers)
    assert set(found) == {"pair", "preference", "rating", "open_rating", "comment", "practice", "attention"}
    assert all(row["scales"]["coherent"] in range(1, 6) for row in data.answers if row["kind"] == "rating")
    assert all(row["plays_a"] <= row["starts_a"] for row in data.answers if row["stimulus_a"])
    assert all((row["said_ai"] is None) == (row["label"] is not None)
               for row in data.answers if row["kind"] == "rating")


@pytest.mark.parametrize("accuracy", [0.5, 0.6, 0.9])
def test_the_evidence_gives_the_accuracy(accuracy: float) -> None:
    rng = np.random.default_rng(0)
    spread = np.sqrt(1 + simulate.LISTENER_SD**2 + 2 * simulate.CLIP_SD**2)
    seen = rng.normal(evidence(accuracy), spread, 200_000)
    decided = seen[np.abs(seen) > simulate.UNDECIDED]
    assert (decided > 0).mean() == pytest.approx(accuracy, abs=0.005)


def test_listeners_are_as_accurate_as_was_asked() -> None:
    shares = []
    for seed in range(8):
        data = simulate.simulate(small_study(), 40, 0.75, seed)
        origin = {row["stimulus_id"]: row["origin"] for row in data.stimuli}
        right = [origin[row[f"stimulus_{row['choice']}"]] == "ai" for row in data.answers
                 if row["condition"] in ("ai_a", "ai_b") and row["choice"] in ("a", "b")]
        shares.append(np.mean(right))
    assert np.mean(shares) == pytest.approx(0.75, abs=0.05)


def test_what_was_written_is_read_back_byte_for_byte(study: Study, tmp_path: Path) -> None:
    write(simulate.simulate(study, 9, 0.6), tmp_path / "one")
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        assert import_(store, tmp_path / "one") == "simulated-small"
        export(store, "simulated-small", tmp_path / "two")
    for name in ("participants.csv", "stimuli.csv", "answers.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_simulated_answers_are_never_mixed_with_real_ones(tmp_path: Path) -> None:
    write(simulate.simulate(small_study(), 2, 0.6), tmp_path / "made-up")
    data = read(tmp_path / "made-up")
    assert data.slug == "simulated-small"
    assert "SIMULATED" in (tmp_path / "made-up" / "codebook.md").read_text(encoding="utf-8")
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        store.register(small_study())
        with pytest.raises(StoreError, match="may not become 'small'"):
            import_(store, tmp_path / "made-up", "small")
        assert import_(store, tmp_path / "made-up", "simulated-again") == "simulated-again"
        assert store.status("small").started == 0
    for file in (tmp_path / "made-up").glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(b"simulated-small", b"real"))
    url = f"sqlite:///{tmp_path / 'segue.db'}"
    with Store(url) as store, pytest.raises(StoreError, match="may not become"):
        import_(store, tmp_path / "made-up", "simulated-real")
    with pytest.raises(StudyError, match="may not begin with 'simulated-'"):
        parse(SMALL.replace("slug: small", "slug: simulated-small"))


@pytest.mark.parametrize("wrong", [(0, 0.6), (1, 0.0), (1, 1.0)])
def test_what_cannot_be_simulated_is_refused(wrong: tuple[int, float]) -> None:
    with pytest.raises(SimulationError, match="must be"):
        simulate.simulate(small_study(), *wrong)
