"""What a machine listener hears: numbers of a continuation, and of its difference from the prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.evaluation.features import HISTOGRAMS, SCALARS, Features, divergence, features, jaccard
from model.evaluation.passage import END, ONSET, PITCH, PROGRAM, Passage, passage

_CHANGES = [name for name in SCALARS if not name.startswith("similarity")]


@dataclass(frozen=True)
class Heard:
    """A continuation, measured."""

    part: Passage
    features: Features
    cues: dict[str, float]


def hear(continuation: Score, bars: int, before: Passage, prompt: Features) -> Heard:
    """Measure a continuation of `bars` bars, from tick 0, after a prompt and its features."""
    part = passage(continuation, bars)
    own = features(part, before)
    return Heard(part, own, cues(part, before, own, prompt))


def cues(part: Passage, before: Passage, own: Features, prompt: Features) -> dict[str, float]:
    """All that the listener hears of a continuation, by name; NaN where something has no meaning.

    The features; their change from the prompt; the Jensen-Shannon distances of the histograms to the
    prompt's; shares of notes with new pitch classes, pitches, instruments; the likeness of each bar to the
    prompt's most similar bar; the silence at the seam in steps, and the notes that sound into the end.
    """
    found = dict(own.scalars)
    found |= {f"{name}_change": own.scalars[name] - prompt.scalars[name] for name in _CHANGES}
    found |= {f"{name}_distance": divergence(own.histograms[name], prompt.histograms[name])
              for name in HISTOGRAMS}
    likest = [max((jaccard(bar, other) for other in before.contents if bar or other), default=np.nan)
              for bar in part.contents]
    found["echo_mean"] = float(np.nanmean(likest)) if np.isfinite(likest).any() else np.nan
    found["echo_max"] = float(np.nanmax(likest)) if np.isfinite(likest).any() else np.nan
    found["new_pitch_classes"] = _new(part.pitched[:, PITCH] % 12, before.pitched[:, PITCH] % 12)
    found["new_pitches"] = _new(part.pitched[:, PITCH], before.pitched[:, PITCH])
    found["new_instruments"] = _new(part.notes[:, PROGRAM], before.notes[:, PROGRAM])
    lost = set(before.notes[:, PROGRAM].tolist()) - set(part.notes[:, PROGRAM].tolist())
    found["lost_instruments"] = float(len(lost))
    if len(part.notes):
        found["seam_silence"] = float(part.notes[0, ONSET])
        found["held_into_end"] = float((part.notes[:, END] >= part.lines[-1]).sum())
    else:
        found["seam_silence"] = found["held_into_end"] = np.nan
    return found


def _new(values: np.ndarray, known: np.ndarray) -> float:
    return float((~np.isin(values, known)).mean()) if len(values) else np.nan
