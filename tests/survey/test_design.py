"""The design: balanced after any number of participants, and the same from the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import design
from survey.study import Study
from survey.study.study_file import load
from tests.survey.helpers import rich_study, small_study


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


# --- a study with everything ------------------------------------------------------------------------------


def rich(seed: int) -> Study:
    """The rich study with another seed."""
    return rich_study().model_copy(update={"seed": seed})


seeds = st.integers(0, 2**31 - 1)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 24))
def test_everything_is_even_over_any_number_of_participants(seed: int, participants: int) -> None:
    study = rich(seed)
    heard, sides, positions, repeated, labels = Counter(), Counter(), Counter(), Counter(), Counter()
    expected, notes = Counter(), Counter()
    for ordinal in range(participants):
        for step in design.steps(study, ordinal):
            notes.update([step.notes] if step.notes else [])
            expected.update([step.expected] if step.expected else [])
            if step.repeat_of:
                repeated[step.repeat_of] += 1
            elif step.clips and step.trial_id:
                heard[step.trial_id] += 1
                sides[step.trial_id, step.clips] += 1
                positions[step.trial_id, step.position] += 1
                labels[step.trial_id, step.condition] += 1
    trials = design.trials(study)
    assert spread(repeated, [trial.id for trial in trials["pairs"]]) <= 1
    assert spread(notes, list(design.NOTES)) <= 1
    assert spread(expected, ["a", "b", "both", "neither", "dont_know"]) <= 1
    for trial in trials["pairs"]:
        one, two = (clip.id for clip in trial.clips)
        assert spread(sides, [(trial.id, (one, two)), (trial.id, (two, one))]) <= 1
        assert spread(positions, [(trial.id, place) for place in (1, 2, 3, 5, 6, 7)]) <= 1
        assert heard[trial.id] == participants
    for trial in trials["ratings"]:
        assert spread(labels, [(trial.id, told) for told in ("blind", "label_true", "label_false")]) <= 1


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(0, 500))
def test_a_repeat_is_the_same_pair_later_with_its_sides_swapped(seed: int, ordinal: int) -> None:
    study = rich(seed)
    steps = [step for step in design.steps(study, ordinal) if step.section == "pairs"]
    first = {step.trial_id: step for step in steps if step.trial_id and not step.repeat_of}
    again = [step for step in steps if step.repeat_of]
    assert [step.position for step in steps] == list(range(1, 10)) and {step.of for step in steps} == {9}
    assert len(again) == 2 and len({step.repeat_of for step in again}) == 2
    mirrored = {"ai_a": "ai_b", "ai_b": "ai_a"}
    for step in again:
        before = first[step.repeat_of]
        assert step.clips == before.clips[::-1] and step.kind == before.kind
        assert step.condition == mirrored.get(before.condition, before.condition)
        assert step.position - before.position >= 6 and step.trial_id != before.trial_id


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(0, 500))
def test_what_is_told_follows_from_the_condition(seed: int, ordinal: int) -> None:
    study = rich(seed)
    origin = {clip.id: clip.origin for clip in design.clips(study)}
    told = Counter()
    for step in design.steps(study, ordinal):
        if step.section == "ratings" and step.trial_id:
            truth = origin[step.clips[0]]
            told[step.condition] += 1
            assert {"blind": step.label is None, "label_true": step.label == truth,
                    "label_false": step.label is not None and step.label != truth}[step.condition]
        elif step.kind == "attention":
            assert step.condition == f"expect_{step.expected}" and step.clips == ()
        else:
            assert step.label is None
    assert told == {"blind": 1, "label_true": 1, "label_false": 1}


def test_preferences_compare_every_two_settings_on_one_prompt() -> None:
    pairs = [trial for trial in design.trials(rich_study())["pairs"] if trial.condition == "prefer"]
    for trial in pairs:
        one, two = trial.clips
        assert one.origin == two.origin == "ai" and one.prompt_index == two.prompt_index
        assert one.settings != two.settings and one.seed != two.seed
    compared = {frozenset((clip.system, clip.settings.temperature) for clip in trial.clips)
                for trial in pairs}
    assert compared == {frozenset([("one", 0.5), ("two", 0.5)]), frozenset([("one", 0.5), (None, 0.9)]),
                        frozenset([("two", 0.5), (None, 0.9)])}


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 8), st.integers(1, 30), st.sampled_from(["shuffled", "fixed"]))
def test_some_of_many(seed: int, each: int, participants: int, order: str) -> None:
    """Everybody hears `each` of ten pairs; every pair is heard, and on either side, equally often."""
    small = small_study().model_dump()
    small |= {"seed": seed}
    small["sections"][2] |= {"pairs": {"one_ai": 8, "both_human": 2}, "per_participant": each, "order": order}
    study = Study.model_validate(small)
    heard, sides, positions = Counter(), Counter(), Counter()
    for ordinal in range(participants):
        steps = [step for step in design.steps(study, ordinal) if step.kind == "pair"]
        assert len({step.trial_id for step in steps}) == len(steps) == each
        for step in steps:
            heard[step.trial_id] += 1
            sides[step.trial_id, step.clips] += 1
            positions[step.trial_id, step.position] += 1
    trials = design.trials(study)["pairs"]
    assert spread(heard, [trial.id for trial in trials]) <= 1
    for trial in trials:
        one, two = (clip.id for clip in trial.clips)
        assert spread(sides, [(trial.id, (one, two)), (trial.id, (two, one))]) <= 1
        if order == "shuffled":
            assert spread(positions, [(trial.id, place) for place in range(1, each + 1)]) <= 1


@pytest.mark.parametrize("pairs, checks", [(1, 1), (1, 3), (2, 1), (5, 2)])
def test_every_attention_check_comes_however_few_the_pairs(pairs: int, checks: int) -> None:
    small = small_study().model_dump()
    small["sections"][2]["pairs"] = {"one_ai": pairs, "attention": checks}
    steps = [step for step in design.steps(Study.model_validate(small), 3) if step.section == "pairs"]
    assert [step.kind for step in steps if step.kind != "comment"].count("attention") == checks
    trials = [step for step in steps if step.position is not None]
    assert [step.position for step in trials] == list(range(1, pairs + checks + 1))
    assert trials[0].kind == "pair"
