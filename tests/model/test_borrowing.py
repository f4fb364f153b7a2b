"""The longest run that a take shares with its prompt, in any key, and how it is told."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Track

from model.judging import judge
from model.merits_view import borrowed, merits
from model.originality import Copied, repeated
from model.score import join, read, write


def tune(pitches, length=240, program=0) -> Score:
    score = Score(480)
    track = Track("", program % 128, program == 128)
    track.notes.extend(Note(i * length, length, pitch, 80) for i, pitch in enumerate(pitches))
    score.tracks.append(track)
    return score


def walk(seed: int, notes: int) -> list[int]:
    return np.random.default_rng(seed).integers(50, 80, notes).tolist()


def test_a_run_of_the_prompt_is_found_in_any_key():
    prompt = walk(0, 40)
    new = [*walk(5, 11), *(pitch + 5 for pitch in prompt[10:22]), *walk(6, 9)]
    found = repeated(tune(prompt), tune(new))
    assert found.notes == 12 and found.bars == (1, 2) and found.program == 0
    assert found.share == pytest.approx(12 / 32)


def test_another_rhythm_another_instrument_and_drums():
    prompt = walk(0, 16)
    assert repeated(tune(prompt), tune(prompt, length=120)).notes < 3
    assert repeated(tune(prompt), tune(prompt, program=40)).notes == 16, "whoever plays it"
    assert repeated(tune(prompt), tune(prompt, program=128)) == Copied()
    assert repeated(tune(prompt), Score(480)) == repeated(Score(480), tune(prompt)) == Copied()
    assert repeated(tune(prompt), tune(prompt[:1])) == Copied()


def longest(old: list[tuple], new: list[tuple]) -> int:
    return max((n for n in range(1, len(new) + 1) for i in range(len(new) - n + 1)
                if any(old[j : j + n] == new[i : i + n] for j in range(len(old) - n + 1))), default=0)


@given(st.lists(st.integers(60, 63), min_size=1, max_size=14), st.lists(st.integers(60, 63), min_size=1,
                                                                        max_size=14))
def test_as_brute_force_has_it(old, new):
    expected = longest(np.diff(old).tolist(), np.diff(new).tolist())
    assert repeated(tune(old), tune(new)).notes == (expected + 1 if expected else 0)


def test_the_longest_prompt_and_take_cost_less_than_reading_them_from_midi_costs():
    """No absolute time: what the search costs is compared with reading the same two files."""
    prompt, new = tune(walk(0, 1000), length=120), tune(walk(1, 1000), length=120)
    files = [write(score) for score in (prompt, new)]

    def least(do) -> float:
        times = []
        for _ in range(3):
            began = time.process_time()
            do()
            times.append(time.process_time() - began)
        return min(times)

    assert least(lambda: repeated(prompt, new)) < 10 * least(lambda: [read(data) for data in files])


def take(prompt, new, rejected=()) -> SimpleNamespace:
    score = join(prompt, new, at_bar=2)
    return SimpleNamespace(score=score, seam_bar=2, settings=SimpleNamespace(bars=2), rejected=rejected,
                           verdict=judge(prompt, new, 2))


def test_it_is_told_in_bars_of_the_whole_take():
    prompt = walk(0, 16)
    lines = borrowed(take(tune(prompt), tune(walk(3, 4) + prompt[:8] + walk(4, 4))))
    assert lines[-1] == "The longest run shared with the prompt, in any key: 8 notes, in bars 3 to 4."
    assert "training music" in lines[0]


def test_merits_name_every_score_with_its_reason():
    made = take(tune(walk(0, 16)), tune(walk(1, 16)), rejected=(1, 2, 3))
    said = merits(made)
    assert "The best of 4." in said and said.count('class="reason"') == 5
    assert all(reason.replace("'", "&#x27;") in said for reason in made.verdict.reasons.values())
    made.verdict, made.rejected = None, ()
    assert "verdict" not in merits(made)
