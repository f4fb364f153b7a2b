"""Faults of hand-made takes are found; losses are those of a plain forward."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from symusic import Note, Score, TimeSignature, Track

from model import checkpoint
from model.metrics import bar_contents, bits_per_note, faults, losses, sounding

BAR = 1920


def take(*bars: list[tuple[int, int]] | None, length: int = 240, metre=(4, 4), bar: int = BAR) -> Score:
    """A score of the given bars: lists of (onset in the bar, pitch), None for silence."""
    score = Score(480)
    score.time_signatures.append(TimeSignature(0, *metre))
    score.tracks.append(Track("", 0, False))
    score.tracks[0].notes = [Note(number * bar + onset, length, pitch, 80)
                             for number, content in enumerate(bars) for onset, pitch in content or ()]
    return score


A, B = [(0, 60), (480, 64)], [(0, 62), (960, 65)]


@pytest.mark.parametrize("bars, found", [
    ([A, B] * 8, ()),
    ([A] * 8, ()),
    ([A] * 9, ("stuck",)),
    ([B, *[A] * 9, B], ("stuck",)),
    ([*[A] * 8, B, *[A] * 8], ()),
    ([A, *[None] * 4, B], ()),
    ([A, *[None] * 5, B], ("empty",)),
    ([None] * 3, ("empty",)),
    ([*[None] * 5, *[A] * 9], ("empty", "stuck")),
    ([A, B, *[None] * 9], ("empty",)),
])
def test_faults_of_hand_made_takes(bars, found):
    assert faults(take(*bars), len(bars)) == found


def test_a_held_note_is_no_silence():
    score = take(A, *[None] * 7)
    assert faults(score, 8) == ("empty",)
    score.tracks[0].notes.append(Note(480, 7 * BAR, 40, 80))
    assert sounding(score, 8).tolist() == [True] * 8 and faults(score, 8) == ()


def test_an_empty_score_is_empty():
    assert faults(Score(480), 2) == ("empty",) == faults(Score(480), 1)


def test_loudness_and_length_do_not_hide_a_stuck_bar():
    score = take(*[A] * 9)
    for i, note in enumerate(score.tracks[0].notes):
        note.velocity, note.duration = 40 + i, 100 + i
    assert faults(score, 9) == ("stuck",)


def test_another_instrument_makes_another_bar():
    score = take(*[A] * 9)
    score.tracks.append(Track("", 40, False))
    score.tracks[1].notes = [Note(4 * BAR, 240, 60, 80)]
    contents = bar_contents(score, 9)
    assert contents[4] == contents[3] | {(0, 40, 60)} and faults(score, 9) == ()


def test_bars_are_those_of_the_metre():
    waltz = take(*[A] * 9, metre=(3, 4), bar=1440)
    assert faults(waltz, 9) == ("stuck",)
    assert faults(take(*[A] * 9, bar=1440), 6) == (), "read in 4/4 no two bars are the same"


@pytest.mark.parametrize("length", [2, 15, 16, 17, 33, 50])
def test_losses_are_those_of_a_plain_forward(tiny, length):
    ready = checkpoint.load(tiny)
    network = ready.network
    ids = np.random.default_rng(length).integers(0, 800, length).astype(np.uint16)
    found = losses(network, ready.layout, ids, 16, batch=2)
    expected = []
    for start in range(0, length - 1, 16):
        row = torch.from_numpy(ids[start : start + 17].astype(np.int64))
        with torch.no_grad():
            logits = network(row[None, :-1])[0]
        expected += F.cross_entropy(logits, row[1:], reduction="none").tolist()
    assert found.dtype == np.float32 and found.shape == (length - 1, 1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_bits_per_note_by_hand():
    assert bits_per_note(np.full(6, math.log(2)), 3) == pytest.approx(2.0)
    assert bits_per_note(np.zeros(0), 0) == 0
