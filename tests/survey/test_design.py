"""The design: balanced after any number of participants, and the same from the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import design
from survey.study import Study
from survey.study_file import load
from tests.survey.helpers import small_study


def studies(seed: int, one_ai: int, both_ai: int, both_human: int, rated: int) -> Study:
    """The small study with another seed and other counts."""
    small = small_study().model_dump()
    small["seed"] = seed
    pairs, ratings = small["sections"][2], small["sections"][3]
    pairs["pairs"] = {"one_ai": one_ai, "both_ai": both_ai, "both_human": both_human}
    ratings["settings"] = [{"top_k": list(range(1, rated + 1))}]
    return Study.model_validate(small)


designs = st.builds(
    studies,
    seed=st.integers(0, 2**31 - 1),
    one_ai=st.integers(1, 9),
    both_ai=st.integers(0, 2),
    both_human=st.integers(0, 2),
    rated=st.integers(1, 6),
)


def spread(counts: Counter, keys: list) -> int:
    """The largest count less the smallest, of all keys, also those never counted."""
    return max(counts[key] for key in keys) - min(counts[key] for key in keys)


@settings(max_examples=60, deadline=None)
@given(designs, st.integers(1, 30))
def test_sides_and_positions_differ_by_at_most_one(study: Study, participants: int) -> None:
    sides, positions = Counter(), Counter()
    for ordinal in range(participants):
        for step in design.steps(study, ordinal):
            if step.trial_id:
                positions[step.trial_id, step.position] += 1
            if step.kind == "pair":
                sides[step.trial_id, step.clips] += 1
    for section in design.trials(study).values():
        for trial in section:
            assert spread(positions, [(trial.id, place) for place in range(1, len(section) + 1)]) <= 1
            if len(trial.clips) == 2:
                one, two = (clip.id for clip in trial.clips)
                assert spread(sides, [(trial.id, (one, two)), (trial.id, (two, one))]) <= 1


@settings(max_examples=40, deadline=None)
@given(designs, st.integers(0, 1000))
def test_one_participant_hears_everything_once_and_the_ai_on_both_sides(study: Study, ordinal: int) -> None:
    steps = design.steps(study, ordinal)
    heard = [clip for step in steps for clip in step.clips]
    assert sorted(heard) == sorted(clip.id for clip in design.clips(study))
    sides = Counter(step.condition for step in steps if step.kind == "pair")
    assert abs(sides["ai_a"] - sides["ai_b"]) <= 1
    assert len({step.id for step in steps}) == len(steps)


@settings(max_examples=40, deadline=None)
@given(designs, st.integers(0, 1000))
def test_condition_is_the_truth_as_heard(study: Study, ordinal: int) -> None:
    origin = {clip.id: clip.origin for clip in design.clips(study)}
    truth = {
        "ai_a": ("ai", "human"),
        "ai_b": ("human", "ai"),
        "both_ai": ("ai", "ai"),
        "both_human": ("human", "human"),
    }
    for step in design.steps(study, ordinal):
        if step.kind == "pair":
            assert tuple(origin[clip] for clip in step.clips) == truth[step.condition]
        elif step.kind == "open_rating":
            assert [origin[clip] for clip in step.clips] == ["ai"]


@settings(max_examples=40, deadline=None)
@given(designs, st.integers(0, 100))
def test_step_ids_say_nothing_and_are_the_same_for_all(study: Study, ordinal: int) -> None:
    ids = [step.id for step in design.steps(study, ordinal)]
    assert ids == [step.id for step in design.steps(study, ordinal + 1)]
    assert not any("ai" in step_id.split(".")[-1] or "human" in step_id for step_id in ids)


@given(designs)
@settings(max_examples=40, deadline=None)
def test_prompts_have_the_music_that_their_clips_need(study: Study) -> None:
    prompts = {prompt.index: prompt.passages for prompt in design.prompts(study)}
    assert sorted(prompts) == list(range(len(prompts)))
    for clip in design.clips(study):
        assert clip.origin == "ai" or clip.passage < prompts[clip.prompt_index]
        assert (clip.settings is None) == (clip.seed is None) == (clip.origin == "human")


def test_same_seed_same_design_other_seed_other_design() -> None:
    one, again = load("default"), load("default")
    other = one.model_copy(update={"seed": one.seed + 1})
    assert design.clips(one) == design.clips(again)
    assert design.steps(one, 5) == design.steps(again, 5)
    assert design.prompt_order(one, 100) == design.prompt_order(again, 100)
    assert {clip.seed for clip in design.clips(one)} != {clip.seed for clip in design.clips(other)}
    assert design.prompt_order(one, 100) != design.prompt_order(other, 100)
    assert any(design.steps(one, n) != design.steps(other, n) for n in range(5))


def test_ai_clips_have_seeds_of_their_own() -> None:
    seeds = [clip.seed for clip in design.clips(load("published")) if clip.origin == "ai"]
    assert len(set(seeds)) == len(seeds)


def test_prompt_order_takes_every_piece_once() -> None:
    assert sorted(design.prompt_order(load("default"), 50)) == list(range(50))
    assert design.prompt_order(load("default"), 0) == []


@pytest.mark.parametrize("n", [2, 4, 6, 8, 10])
def test_an_even_number_of_trials_follow_each_other_equally_often(n: int) -> None:
    """Williams' property: in a block of n participants every trial comes right after every other one once."""
    study = studies(3, n, 0, 0, 1)
    follows = Counter()
    for ordinal in range(n):
        trials = [step.trial_id for step in design.steps(study, ordinal) if step.kind == "pair"]
        follows.update(pairwise(trials))
    assert len(follows) == n * (n - 1)
    assert set(follows.values()) == {1}
