"""Features by hand, and in which respect they do not care."""

import math

import numpy as np
import pytest

from model.evaluation.features import (
    HISTOGRAMS,
    SCALARS,
    divergence,
    features,
    groove_consistency,
    jaccard,
    scale_consistency,
)
from model.evaluation.passage import PITCH, PROGRAM, Passage
from tests.model.evaluation.material import BAR, passage_of, tune, wander

C_MAJOR = [60, 62, 64, 65, 67, 69, 71]


def test_features_of_a_little_tune_by_hand():
    part = passage_of(*tune([60, 64, 60, 64]), *tune([60, 64, 60, 64], begin=BAR), (0, 3, 128, 36, 100))
    found = features(part).scalars
    assert set(found) == set(SCALARS)
    assert found["pitch_class_entropy"] == found["bar_pitch_class_entropy"] == pytest.approx(1.0)
    assert found["scale_consistency"] == 1 and found["note_density"] == 4.5 and found["polyphony"] == 1
    assert (found["pitch_mean"], found["pitch_spread"]) == (62, 2)
    assert found["velocity_mean"] == pytest.approx((8 * 80 + 100) / 9)
    assert (found["instruments"], found["drums_share"]) == (2, pytest.approx(1 / 9))
    assert found["groove_consistency"] == 1 and found["similarity_1"] == pytest.approx(4 / 5)
    assert found["ending"] == pytest.approx(4 / 4.5) and found["empty_bars"] == 0
    assert math.isnan(found["similarity_2"])
    shares = np.array([8, 1]) / 9
    assert found["track_balance"] == pytest.approx(-(shares * np.log2(shares)).sum())


def test_histograms_of_a_little_tune_by_hand():
    found = features(passage_of(*tune([60, 64, 62], step=6), (0, 96, 0, 48))).histograms
    assert set(found) == set(HISTOGRAMS)
    assert np.flatnonzero(found["inter_onset"]).tolist() == [5] and found["inter_onset"][5] == 2
    assert np.flatnonzero(found["duration"]).tolist() == [5, 47], "a longer note counts as the longest"
    assert np.flatnonzero(found["interval"]).tolist() == [10, 16]
    assert np.flatnonzero(found["position"]).tolist() == [0, 6, 12] and found["position"][0] == 2
    assert found["pitch_class"][0] == 2, "the most frequent one comes first"


def test_lags_reach_into_the_prompt():
    prompt, same = (passage_of(*tune([60, 64, 67, 72], begin=bar * BAR), bars=2) for bar in (1, 1))
    assert features(same, prompt).scalars["similarity_2"] == 1
    assert math.isnan(features(same).scalars["similarity_2"])


@pytest.mark.parametrize("semitones", [-12, -5, 3])
def test_transposing_changes_the_register_alone(semitones):
    part = wander(3)
    notes = part.notes.copy()
    notes[notes[:, PROGRAM] != 128, PITCH] += semitones
    moved, plain = features(Passage(notes, part.lines)), features(part)
    for name, value in plain.scalars.items():
        if name == "pitch_mean":
            assert moved.scalars[name] == pytest.approx(value + semitones)
        else:
            assert moved.scalars[name] == pytest.approx(value, nan_ok=True), name
    for name in HISTOGRAMS:
        if name != "pitch_class" or semitones % 12 == 0:       # ties between pitch classes are broken by name
            np.testing.assert_allclose(moved.histograms[name], plain.histograms[name])


def test_scale_consistency():
    assert scale_consistency(np.array(C_MAJOR)) == 1 == scale_consistency(np.array(C_MAJOR) + 5)
    assert scale_consistency(np.arange(60, 72)) == pytest.approx(7 / 12)
    assert math.isnan(scale_consistency(np.zeros(0, int)))


def test_groove_consistency_counts_differing_places():
    same, other = tune([60] * 4), tune([60] * 4, begin=BAR)
    assert groove_consistency(passage_of(*same, *other)) == 1
    assert groove_consistency(passage_of(*same, *other[:3])) == pytest.approx(1 - 1 / BAR)
    assert math.isnan(groove_consistency(passage_of(*same, bars=1)))


def test_silence_and_a_drum_solo_have_no_register_but_are_no_accident():
    for part in (passage_of(), passage_of((0, 3, 128, 36), (48, 3, 128, 36))):
        found = features(part)
        assert math.isnan(found.scalars["pitch_mean"]) and not found.histograms["pitch_class"].any()
    assert features(passage_of()).scalars["empty_bars"] == 1


def test_distances_of_histograms_and_bars():
    assert divergence(np.array([1, 0]), np.array([0, 5])) == pytest.approx(1)
    assert divergence(np.array([1, 3]), np.array([2, 6])) == pytest.approx(0, abs=1e-7)
    assert math.isnan(divergence(np.zeros(2), np.ones(2)))
    assert jaccard(frozenset("ab"), frozenset("bc")) == pytest.approx(1 / 3)
    assert math.isnan(jaccard(frozenset(), frozenset()))
