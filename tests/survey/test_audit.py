"""The audit finds a cue that tells, leaves alone what does not, and says where there are too few clips."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from survey import design
from survey.__main__ import app
from survey.clips import audit as auditing
from survey.clips.audit import TOGETHER, Clip, audit, held_out
from survey.clips.cues import CUES
from survey.clips.inspection import inspect, told
from survey.errors import NotReady
from survey.store import Store
from survey.study.study_file import parse
from tests.survey.fakes import TONES
from tests.survey.helpers import built

NAMES = {name: label for name, (label, _) in CUES.items()}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "PERMUTATIONS", 59)
    monkeypatch.setattr(auditing, "DIVISIONS", 2)
    monkeypatch.setattr(auditing, "DRAWS", 200)


def clips(prompts: int, seed: int = 0, **shifts: float) -> list[Clip]:
    """A clip by the machine and one by a person for every prompt, alike but for the cues that are shifted;
    clips of one prompt are kin."""
    rng = np.random.default_rng(seed)
    made = []
    for prompt in range(prompts):
        kinship = rng.normal(size=len(CUES))
        for origin in ("ai", "human"):
            facts = dict(zip(CUES, (kinship + rng.normal(size=len(CUES))).tolist(), strict=True))
            facts |= {"duration": 20.0, "bytes": 401_240}
            for cue, shift in shifts.items():
                facts[cue] += shift * (origin == "ai")
            made.append(Clip(f"{origin}-{prompt}", origin, f"p{prompt}", facts))
    return made


# Cues

@pytest.mark.parametrize("shift", [4.0, -4.0])
def test_a_cue_that_tells_is_a_named_warning_whichever_way_it_goes(shift: float) -> None:
    found = audit(clips(16, velocity_spread=shift))
    cue = found["details"]["velocity spread"]
    assert cue["auc"] > 0.9 and cue["verdict"] == "telling" and cue["p"] <= 0.02 and cue["p_holm"] < 0.3
    assert cue["ci95"][0] > 0.65 and abs(cue["ai"] - cue["human"] - shift) < 1.5
    assert found["cues"][0][0] in ("velocity spread", TOGETHER)
    assert any(warning.startswith("The velocity spread alone tells") for warning in found["warnings"])
    assert found["verdict"].endswith("see the warnings.")


def test_what_is_the_same_for_all_clips_tells_nothing() -> None:
    details = audit(clips(10))["details"]
    for name in ("duration", "file size"):
        assert details[name]["auc"] == details[name]["chance95"] == 0.5
        assert details[name]["verdict"] == "silent"


def test_without_any_difference_the_mean_auc_is_a_half_and_p_is_honest() -> None:
    found = [audit(clips(12, seed), seed)["details"] for seed in range(5)]
    cues = [one[label] for one in found for label in NAMES.values() if label not in ("duration", "file size")]
    assert abs(np.mean([cue["auc"] for cue in cues]) - 0.5) < 0.05
    assert np.mean([cue["p"] <= 0.1 for cue in cues]) < 0.2


def test_few_clips_cannot_tell() -> None:
    details = audit(clips(4))["details"]
    assert {cue["verdict"] for cue in details.values() if cue["auc"] != 0.5} <= {"telling",
                                                                               "too few clips to tell"}
    assert "too few clips to tell" in {cue["verdict"] for cue in details.values()}


def test_weak_cues_tell_together() -> None:
    weak = dict.fromkeys(("tempo", "density", "velocity", "polyphony", "pitch", "instruments"), 1.0)
    details = audit(clips(40, 2, **weak))["details"]
    assert details[TOGETHER]["auc"] > max(details[NAMES[cue]]["auc"] for cue in weak)


def of_systems(prompts: int) -> list[Clip]:
    """A loud system, a quiet one, and people's clips between them, on the same prompts."""
    made = []
    for name, shift in (("loud", 9.0), ("quiet", -9.0)):
        for clip in clips(prompts):
            if clip.origin == "ai":
                heard = clip.facts | {"loudness": clip.facts["loudness"] + shift}
                made.append(Clip(f"{name}-{clip.id}", "ai", clip.prompt, heard, name))
            elif name == "loud":
                made.append(clip)
    return made


def test_a_cue_of_one_system_is_found_where_another_has_the_opposite_fault() -> None:
    found = audit(of_systems(20))
    assert set(found["systems"]) == {"loud", "quiet"}
    assert found["systems"]["loud"]["clips"] == {"ai": 20, "human": 20, "prompts": 20}
    assert found["details"]["loudness"]["verdict"] != "telling", "together they straddle people's"
    for name, part in found["systems"].items():
        assert part["details"]["loudness"]["verdict"] == "telling"
        assert any(f"The loudness alone tells the clips of '{name}' from people's" in warning
                   for warning in found["warnings"])
    assert found["verdict"].startswith("All systems' clips taken together: ")
    assert "Alone, 'loud', 'quiet' can be told by a cue" in found["verdict"]


def test_one_system_is_not_told_twice() -> None:
    some = [Clip(clip.id, clip.origin, clip.prompt, clip.facts, "one" if clip.origin == "ai" else None)
            for clip in clips(6)]
    assert audit(some)["systems"] == {}


def test_no_prompt_is_on_both_sides() -> None:
    groups = np.random.default_rng(2).integers(0, 9, 60)
    divisions = auditing._divisions(groups, np.random.default_rng(3))
    assert len(divisions) == auditing.DIVISIONS and len(np.unique(divisions, axis=0)) > 1
    for division in divisions:
        assert set(division) == set(range(4))
        assert all(len(set(division[groups == group])) == 1 for group in range(9))


def test_the_auc_is_the_share_of_pairs_held_out_together() -> None:
    rng = np.random.default_rng(6)
    machine = rng.permutation([True] * 10 + [False] * 10)
    cue = rng.normal(size=20) + machine
    division = np.repeat([0, 1], 10)
    aucs, concordant, pairs = held_out((cue - cue.mean())[:, None], machine[None], division[None])
    right = tried = 0
    for fold in (0, 1):
        learn, test = division != fold, division == fold
        sign = np.sign(cue[learn & machine].mean() - cue[learn & ~machine].mean())
        for i in np.flatnonzero(test & machine):
            for j in np.flatnonzero(test & ~machine):
                right, tried = right + (sign * (cue[i] - cue[j]) > 0), tried + 1
    assert aucs[0] == pytest.approx(right / tried)
    assert (concordant.sum(), pairs.sum()) == (right, tried)


def test_origins_are_dealt_within_prompts_that_have_both() -> None:
    rng = np.random.default_rng(0)
    groups = np.array([0, 0, 1, 1, 2, 2, 3])
    machine = np.array([1, 0, 1, 1, 0, 0, 1], bool)
    dealt = np.stack([auditing._dealt(machine, groups, rng) for _ in range(200)])
    assert (dealt[:, :2].sum(axis=1) == 1).all() and dealt[:, 0].mean() == pytest.approx(0.5, abs=0.15)
    assert (dealt[:, 2] == dealt[:, 3]).all() and (dealt[:, 2] != dealt[:, 4]).all()
    assert dealt[:, 6].all()


def test_a_missing_value_is_no_cue() -> None:
    some = [Clip(clip.id, clip.origin, clip.prompt, clip.facts | {"pitch": None}) for clip in clips(8)]
    assert audit(some)["details"]["register"]["auc"] == 0.5
    json.dumps(audit(some), allow_nan=False)


@pytest.mark.parametrize("some", [[], clips(6)[::2], clips(1)])
def test_where_there_is_nothing_to_compare_it_says_so(some: list[Clip]) -> None:
    found = audit(some)
    assert found["cues"] == [] and found["verdict"].startswith("There is nothing to compare")


def test_the_same_clips_give_the_same_result_and_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    assert audit(clips(8)) == audit(clips(8), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(done, len(CUES) + 1) for done in range(len(CUES))]


# What lies in the training music

def test_copies_and_known_prompts_are_named_once() -> None:
    ai, human, *others = clips(6)
    ai = Clip(ai.id, ai.origin, ai.prompt, ai.facts | {"copied_notes": 40, "copied_share": 0.2,
                                                       "prompt_copied_notes": 30, "prompt_copied_share": 0.9})
    human = Clip(human.id, human.origin, human.prompt,
                 human.facts | {"copied_notes": 18, "copied_share": 0.5, "prompt_copied_notes": 30,
                                "prompt_copied_share": 0.9})
    found = audit([ai, human, *others])
    assert found["copies"] == [
        {"what": "clip", "id": "ai-0", "origin": "ai", "notes": 40, "share": 0.2},
        {"what": "prompt", "id": "p0", "origin": None, "notes": 30, "share": 0.9},
        {"what": "clip", "id": "human-0", "origin": "human", "notes": 18, "share": 0.5}]
    assert found["warnings"][-3:] == [
        "The machine's clip 'ai-0' copies the training music: 40 notes in a row, 20% of its melody.",
        "The prompt 'p0' also lies in the training music: 30 notes in a row, 90% of its melody.",
        "The human clip 'human-0' also lies in the training music: 18 notes in a row, 50% of its melody."]


@pytest.mark.parametrize("notes, share", [(23, 0.2), (15, 0.9)])
def test_short_quotations_are_no_copies(notes: int, share: float) -> None:
    quoted = {"copied_notes": notes, "copied_share": share}
    some = [Clip(clip.id, clip.origin, clip.prompt, clip.facts | quoted) for clip in clips(6)]
    assert audit(some)["copies"] == []


# In the store, and on the command line

@pytest.fixture
def store(tmp_path) -> Store:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as opened:
        opened.register(parse(TONES, "tones.yaml"))
        yield opened


def fill(store: Store, facts: bool = True) -> None:
    made = {clip.id: clip for clip in clips(8)}
    for number, spec in enumerate(store.missing_clips("tones")):
        known = json.dumps(made[f"{spec.origin}-{number}"].facts) if facts else None
        store.add_clip("tones", spec, replace(built(spec), facts=known))


def test_it_waits_for_all_clips(store: Store) -> None:
    with pytest.raises(NotReady, match=r"^The study 'tones' is audited when .* built; 0 of 6 are\.$"):
        inspect(store, "tones")
    assert store.audit("tones") is None


def test_it_is_kept_until_a_clip_changes(store: Store) -> None:
    fill(store)
    found = inspect(store, "tones")
    assert found["clips"] == {"ai": 3, "human": 3, "prompts": 3, "without_facts": 0}
    assert json.loads(store.audit("tones")) == found
    spec = next(spec for spec in design.clips(store.study("tones")) if spec.origin == "ai")
    store.add_clip("tones", spec, built(spec, "another"))
    assert store.audit("tones") is None


@pytest.mark.parametrize("tried", [0, len(CUES) - 1])
def test_it_stops_before_the_next_cue_and_keeps_nothing(store: Store, tried: int) -> None:
    fill(store)
    kept, seen, stop = inspect(store, "tones"), [], threading.Event()

    def progress(done: int, of: int) -> None:
        seen.append(done)
        if done == tried:
            stop.set()

    assert inspect(store, "tones", progress, stop) is None
    assert seen == list(range(tried + 1))
    assert json.loads(store.audit("tones")) == kept, "the audit before stays"


def test_clips_of_which_nothing_was_measured_are_counted(store: Store) -> None:
    fill(store, facts=False)
    found = inspect(store, "tones")
    assert found["clips"]["without_facts"] == 6
    assert found["warnings"][-1].startswith("The audit leaves out 6 clips of which nothing was measured")


def test_the_command_prints_a_table_and_writes_json(store: Store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(auditing, "DIVISIONS", 10)      # of three prompts some divisions hold out no pair
    fill(store)
    out = tmp_path / "audit.json"
    result = CliRunner().invoke(app, ["audit", "tones", "--data", str(tmp_path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    found = json.loads(out.read_text())
    assert result.stdout.splitlines() == told(found)
    assert found == json.loads(store.audit("tones"))
    for label in NAMES.values():
        assert f"\n{label} " in result.stdout
    assert result.stdout.rstrip().endswith(found["verdict"])
