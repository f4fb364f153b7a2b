"""How a continuation compares with its prompt, scored by how usual that is in music that people wrote.

Each measure's bounds are percentiles of what 1,620 passages of the training music do after their eight bars
before (docs/best-of.md). A score is 1 where 8 of 10 of them lie, 0 where they hardly ever are (1 in 100), and
falls in a straight line between: a judge who chooses by it leaves out what is odd, and does not prefer what
is average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.ear import Ear
from model.evaluation.features import divergence, jaccard
from model.evaluation.passage import END, ONSET, PITCH, PROGRAM, Passage, passage
from model.harmony import scale_consistency
from model.metre import STEPS
from model.score import count_bars, cut_bars

NAMES = ("silence", "repetition", "register", "density", "harmony")
LISTENER = "machine listener"       # first heard where a system has one (see ear.py)
LOOK = 16                   # bars: the last of a prompt, and those that a bar may be an echo of
_KEY_BARS, _KEY_NOTES = 2, 8        # a key is heard in so many bars, from so many pitched notes

# Where a score is 0, 1, 1 and 0 again: the percentiles 1, 10, 90 and 99. What is no fault has no bound.
_NO = math.inf
_SILENCE = (-_NO, -_NO, 0.0, 0.094)
_REPETITION = (-0.306, -0.074, 0.359, 0.643)
_REGISTER = (-_NO, -_NO, 5.15, 11.4)
_DENSITY = (-1.105, -0.346, 0.415, 1.055)
_SCALES = (-0.113, -0.046, _NO, _NO)
_KEYS = (-_NO, -_NO, 0.428, 0.685)
# What is compared with where there is no prompt: the medians of the same passages.
_USUAL_REPETITION, _USUAL_SCALES = 0.318, 0.971


@dataclass(frozen=True)
class Verdict:
    """scores: by NAMES, 0 (people hardly ever write it) to 1 (usual). reasons: by NAMES, a sentence each."""

    scores: dict[str, float]
    reasons: dict[str, str]

    @property
    def total(self) -> float:
        """What candidates are ranked by, 0 to 1: the listener's score, else the mean of the scores."""
        return self.scores.get(LISTENER, sum(self.scores.values()) / len(self.scores))


def judge(prompt: Score | None, continuation: Score, bars: int, ear: Ear | None = None) -> Verdict:
    """A continuation of `bars` bars, from tick 0, held against its prompt (None: it began from nothing), and
    heard by the system's machine listener, if it has one.

    What needs pitches is 1 where neither has any. A continuation without notes has 0 throughout.
    """
    part = passage(continuation, bars)
    if not len(part.notes):
        return Verdict(dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, "Nothing plays."))
    before = None
    if prompt is not None and (known := count_bars(prompt)):
        first = max(known - LOOK, 0)
        before = passage(cut_bars(prompt, first, known) if first else prompt, known - first)
    found = {"silence": _silence(part, before), "repetition": _repetition(part, before),
             "register": _register(part, before), "density": _density(part, before),
             "harmony": _harmony(part, before)}
    if ear is not None and before is not None:
        person = ear.person(part, before)
        found[LISTENER] = person, f"A listener taught on it gives a person {_in_100(person)} chances."
    return Verdict({name: score for name, (score, _) in found.items()},
                   {name: reason for name, (_, reason) in found.items()})


def silence(part: Passage) -> float:
    """Share of the quarters of a passage in which nothing sounds, 0-1."""
    starts = np.arange(max(int(part.lines[-1]) // STEPS, 1)) * STEPS
    begun = np.searchsorted(part.notes[:, ONSET], starts + STEPS)
    latest = np.r_[0, np.maximum.accumulate(part.notes[:, END])]
    return float((latest[begun] <= starts).mean())


def repetition(part: Passage, before: Passage | None = None) -> float:
    """Mean likeness of its bars to the most alike of the LOOK before each (Jaccard index of their onsets,
    0-1); NaN where no bar has one before it."""
    contents = [*(before.contents[-LOOK:] if before is not None else ()), *part.contents]
    first = max(len(contents) - part.bars, 1)
    likest = [max(jaccard(contents[i], other) for other in contents[max(i - LOOK, 0) : i])
              for i in range(first, len(contents)) if contents[i]]
    return float(np.mean(likest)) if likest else math.nan


def register(part: Passage, before: Passage) -> float:
    """Semitones from where the instruments played before: the distances of their mean pitches, weighed by
    their notes; NaN where no pitched instrument plays in both."""
    shifts, notes = [], []
    for program in np.intersect1d(part.pitched[:, PROGRAM], before.pitched[:, PROGRAM]):
        now, then = (one.pitched[one.pitched[:, PROGRAM] == program, PITCH] for one in (part, before))
        shifts.append(abs(now.mean() - then.mean()))
        notes.append(len(now))
    return float(np.average(shifts, weights=notes)) if shifts else math.nan


def in_scale(part: Passage) -> float:
    """Mean scale consistency of two bars in a row, 0-1; NaN where none have notes enough for a key."""
    found = [scale_consistency(pitches) for pitches in part.pitches(_KEY_BARS) if len(pitches) >= _KEY_NOTES]
    return float(np.mean(found)) if found else math.nan


def keys_apart(part: Passage, before: Passage) -> float:
    """Jensen-Shannon distance of the pitch classes of two passages, 0-1; NaN where one has no pitches."""
    return divergence(*(np.bincount(one.pitched[:, PITCH] % 12, minlength=12) for one in (part, before)))


def _silence(part: Passage, before: Passage | None) -> tuple[float, str]:
    now, then = silence(part), silence(before) if before else 0.0
    said = f"{_in_100(now)} beats are silent{_aside(before, _in_100(then))}." if now else "No beat is silent."
    return _score(now - then, _SILENCE), said


def _repetition(part: Passage, before: Passage | None) -> tuple[float, str]:
    now, then = repetition(part, before), repetition(before) if before else math.nan
    if math.isnan(now):
        return 1.0, "One bar alone repeats nothing."
    score = _score(now - (_USUAL_REPETITION if math.isnan(then) else then), _REPETITION)
    aside = "" if math.isnan(then) else _aside(before, _in_100(then))
    return score, f"Its bars share {_in_100(now)} notes with an earlier bar{aside}."


def _register(part: Passage, before: Passage | None) -> tuple[float, str]:
    if before is None or not len(before.pitched):
        return 1.0, "There is no register to compare with."
    if math.isnan(shift := register(part, before)):
        return 0.0, "None of the prompt's pitched instruments plays."
    return _score(shift, _REGISTER), f"Instruments play {shift:.1f} semitones from where the prompt has them."


def _density(part: Passage, before: Passage | None) -> tuple[float, str]:
    now = len(part.notes) / part.bars
    if before is None or not len(before.notes):
        return 1.0, f"{now:.0f} notes a bar."
    then = len(before.notes) / before.bars
    return _score(math.log2(now / then), _DENSITY), f"{now:.0f} notes a bar{_aside(before, f'{then:.0f}')}."


def _harmony(part: Passage, before: Passage | None) -> tuple[float, str]:
    now, then = in_scale(part), in_scale(before) if before else math.nan
    apart = keys_apart(part, before) if before else math.nan
    score, said = 1.0, "Too few pitches for a key."
    if not math.isnan(now):
        score = _score(now - (_USUAL_SCALES if math.isnan(then) else then), _SCALES)
        aside = "" if math.isnan(then) else _aside(before, _in_100(then))
        said = f"{_in_100(now)} notes fit a scale{aside}."
    if not math.isnan(apart):
        near = _score(apart, _KEYS)
        score = min(score, near)
        said += " They are the prompt's pitches." if near == 1 else " They leave the prompt's pitches."
    return score, said


def _score(value: float, bounds: tuple[float, float, float, float]) -> float:
    """1 between the inner bounds, 0 outside the outer ones, straight lines between."""
    lowest, low, high, highest = bounds
    if value < low:
        return max(0.0, (value - lowest) / (low - lowest)) if value > lowest else 0.0
    if value > high:
        return max(0.0, (highest - value) / (highest - high)) if value < highest else 0.0
    return 1.0


def _in_100(share: float) -> str:
    return f"{100 * share:.0f} in 100"


def _aside(before: Passage | None, then: str) -> str:
    return f"; in the prompt {then}" if before is not None else ""
