"""What a continuation is like, in numbers and histograms that the literature compares generated music by.

Pitch is measured without the drums. A number that has no meaning in a passage (the register of a drum solo)
is NaN. Names and definitions follow Dong et al. 2018 (MuseGAN) and muspy (Dong et al. 2020), Wu and Yang 2020
(The Jazz Transformer, section 4) and Yang and Lerch 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial.distance import jensenshannon

from model.evaluation.fingerprint import skyline
from model.evaluation.passage import END, ONSET, PITCH, PROGRAM, VELOCITY, Passage
from model.harmony import scale_consistency
from model.instruments import DRUMS

LAGS = (1, 2, 4, 8)
LONGEST = 48                # steps: four quarters; longer ones count as this
_PLACES = 72                # steps of the longest bar

# name -> what it is, with its unit; in the order of the report
SCALARS = {
    "pitch_class_entropy": "entropy of pitch classes in windows of 4 bars, bits (Wu and Yang 2020)",
    "bar_pitch_class_entropy": "entropy of pitch classes in a bar, bits (Wu and Yang 2020)",
    "scale_consistency": "share of notes in the best-fitting major or minor scale (muspy)",
    "groove_consistency": "likeness of neighbouring bars' onset patterns, 0-1 (muspy; Wu and Yang 2020)",
    "note_density": "notes a bar",
    "polyphony": "notes that sound together, while any does (muspy)",
    "pitch_mean": "mean MIDI pitch",
    "pitch_spread": "standard deviation of pitch, semitones",
    "velocity_mean": "mean velocity",
    "velocity_spread": "standard deviation of velocity",
    "instruments": "instruments that play",
    "track_balance": "evenness of the notes among them, 0-1 (normalised entropy)",
    "drums_share": "share of notes that drums play",
    "empty_bars": "share of bars in which nothing begins (Dong et al. 2018)",
    "ending": "notes of the last bar over the mean bar's",
    **{f"similarity_{lag}": f"likeness of a bar to that {lag} before it, 0-1 (Jaccard)" for lag in LAGS},
}
HISTOGRAMS = {
    "inter_onset": "steps from an instrument's onset to its next",
    "duration": "lengths of notes in steps",
    "interval": "intervals of each instrument's melody, semitones",
    "position": "places of onsets in the bar, steps",
    "pitch_class": "pitch classes above the most frequent one",
}


@dataclass(frozen=True)
class Features:
    """scalars: by SCALARS' names; histograms: by HISTOGRAMS' names, each float (k,) of counts."""

    scalars: dict[str, float]
    histograms: dict[str, np.ndarray]


def features(part: Passage, before: Passage | None = None) -> Features:
    """The features of a passage. `before`, the prompt, is what its first bars are compared with, too."""
    notes, pitched, bars = part.notes, part.pitched, part.bars
    counts = np.bincount(part.bar, minlength=bars) if len(notes) else np.zeros(bars)
    programs, shares = np.unique(notes[:, PROGRAM], return_counts=True)
    shares = shares / max(shares.sum(), 1)
    return Features(
        {
            "pitch_class_entropy": _windowed_entropy(part, 4),
            "bar_pitch_class_entropy": _windowed_entropy(part, 1),
            "scale_consistency": scale_consistency(pitched[:, PITCH]),
            "groove_consistency": groove_consistency(part),
            "note_density": len(notes) / bars,
            "polyphony": _polyphony(pitched),
            "pitch_mean": _mean(pitched[:, PITCH]),
            "pitch_spread": float(pitched[:, PITCH].std()) if len(pitched) > 1 else np.nan,
            "velocity_mean": _mean(notes[:, VELOCITY]),
            "velocity_spread": float(notes[:, VELOCITY].std()) if len(notes) > 1 else np.nan,
            "instruments": float(len(programs)),
            "track_balance": _entropy(shares) / np.log2(len(programs)) if len(programs) > 1 else np.nan,
            "drums_share": float((notes[:, PROGRAM] == DRUMS).mean()) if len(notes) else np.nan,
            "empty_bars": float((counts == 0).mean()),
            "ending": float(counts[-1] / counts.mean()) if len(notes) else np.nan,
            **{f"similarity_{lag}": _similarity(part, before, lag) for lag in LAGS},
        },
        {
            "inter_onset": _histogram(_by_instrument(notes, _waits), LONGEST, low=1),
            "duration": _histogram(notes[:, END] - notes[:, ONSET], LONGEST, low=1),
            "interval": _histogram(_by_instrument(pitched, _intervals), 12, low=-12),
            "position": _histogram(notes[:, ONSET] - part.lines[part.bar], _PLACES - 1),
            "pitch_class": _relative(np.bincount(pitched[:, PITCH] % 12, minlength=12)),
        })


def groove_consistency(part: Passage) -> float:
    """1 - mean share of places in which the onset patterns of neighbouring bars differ; NaN below two bars.

    A bar has as many places as its metre has steps of 1/12 quarter; bars of other metres are not compared.
    """
    lengths = np.diff(part.lines)
    patterns = [np.zeros(length, bool) for length in lengths]
    for bar, place in zip(part.bar, part.notes[:, ONSET] - part.lines[part.bar], strict=True):
        patterns[bar][place] = True
    pairs = [np.mean(one != other) for one, other in pairwise(patterns) if len(one) == len(other)]
    return float(1 - np.mean(pairs)) if pairs else np.nan


def jaccard(one: frozenset, other: frozenset) -> float:
    """Shared over all onsets of two bars (see Passage.contents), 0-1; NaN where both are empty."""
    return len(one & other) / len(one | other) if one or other else np.nan


def divergence(one: np.ndarray, other: np.ndarray) -> float:
    """Jensen-Shannon distance of two histograms in base 2, 0-1 (Endres and Schindelin 2003); NaN if one is
    empty."""
    if not one.sum() or not other.sum():
        return np.nan
    return float(jensenshannon(one, other, base=2))


def _windowed_entropy(part: Passage, width: int) -> float:
    """Mean entropy of the pitch classes of windows of `width` bars; NaN without pitched notes."""
    found = [_entropy(np.bincount(pitches % 12, minlength=12) / len(pitches))
             for pitches in part.pitches(width) if len(pitches)]
    return float(np.mean(found)) if found else np.nan


def _entropy(shares: np.ndarray) -> float:
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def _polyphony(notes: np.ndarray) -> float:
    """All sounding time over the time in which anything sounds."""
    if not len(notes):
        return np.nan
    changes = np.zeros(int(notes[:, END].max()) + 1, np.int64)
    np.add.at(changes, notes[:, ONSET], 1)
    np.add.at(changes, notes[:, END], -1)
    together = np.cumsum(changes)
    return float(together.sum() / (together > 0).sum())


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def _similarity(part: Passage, before: Passage | None, lag: int) -> float:
    contents = [*(before.contents if before is not None else ()), *part.contents]
    first = max(len(contents) - part.bars, lag)
    found = [jaccard(contents[i], contents[i - lag]) for i in range(first, len(contents))]
    found = [value for value in found if not np.isnan(value)]
    return float(np.mean(found)) if found else np.nan


def _by_instrument(notes: np.ndarray, measure) -> np.ndarray:
    found = [measure(notes[notes[:, PROGRAM] == program]) for program in np.unique(notes[:, PROGRAM])]
    return np.concatenate([np.zeros(0, np.int64), *found])


def _waits(notes: np.ndarray) -> np.ndarray:
    return np.diff(np.unique(notes[:, ONSET]))


def _intervals(notes: np.ndarray) -> np.ndarray:
    return np.diff(skyline(notes)[:, PITCH])


def _histogram(values: np.ndarray, high: int, low: int = 0) -> np.ndarray:
    """Counts of whole numbers from low to high; those outside count as the nearest."""
    return np.bincount(np.clip(values, low, high) - low, minlength=high - low + 1).astype(float)


def _relative(counts: np.ndarray) -> np.ndarray:
    return np.roll(counts, -int(counts.argmax())).astype(float)
