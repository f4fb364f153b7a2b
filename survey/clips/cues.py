"""What can be measured of a clip without asking who wrote it: the facts that an audit of blindness asks for.

A cue is a number that listeners, or a curious participant with a sound editor, could tell clips apart by.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from model import Audio, Copied, Score, copied, cut_seconds, roll

# name -> (what it is, for people; its unit). In the order of the table.
CUES = {
    "loudness": ("loudness", "LUFS"),
    "loudness_spread": ("spread of loudness", "dB"),
    "duration": ("duration", "s"),
    "bytes": ("file size", "bytes"),
    "tempo": ("tempo", "quarters/min"),
    "density": ("note density", "notes/s"),
    "velocity": ("mean velocity", "1-127"),
    "velocity_spread": ("velocity spread", "1-127"),
    "polyphony": ("polyphony", "notes at once"),
    "pitch": ("register", "MIDI pitch"),
    "pitch_range": ("range of pitch", "semitones"),
    "leading_silence": ("leading silence", "s"),
    "ending_silence": ("ending silence", "s"),
    "instruments": ("number of instruments", ""),
}
_BLOCK_S, _HOP_S = 0.4, 0.1         # momentary loudness, EBU Tech 3341
_FLOOR_DB = 40                      # blocks so far below the loudest are rests

Facts = dict[str, float | None]


def measure(music: Score, audio: Audio, size: int) -> Facts:
    """The cues of a clip, by CUES' names; None has no meaning in this music (the register of a drum solo).

    music: may go on beyond the sound, which is cut. size: of the file, in bytes.
    """
    seconds = audio.seconds
    heard = cut_seconds(music, 0.0, seconds)
    tracks = roll(heard)["tracks"]
    every, pitched = _table(tracks), _table(track for track in tracks if not track["drum"])
    onset, lasts, _, velocity = every.T
    found = {
        "loudness": audio.lufs,
        "loudness_spread": _spread(audio),
        "duration": seconds,
        "bytes": size,
        "tempo": _tempo(heard, seconds),
        "density": len(every) / seconds,
        "velocity": _mean(velocity),
        "velocity_spread": float(velocity.std()) if len(every) else None,
        "polyphony": _polyphony(pitched),
        "pitch": _mean(pitched[:, 2]),
        "pitch_range": float(np.ptp(pitched[:, 2])) if len(pitched) else None,
        # to 10 ms: a clip's last tick seldom falls on its last sample
        "leading_silence": round(float(onset.min()), 2) if len(every) else seconds,
        "ending_silence": round(max(seconds - float((onset + lasts).max()), 0), 2) if len(every) else seconds,
        "instruments": len(tracks),
    }
    return {name: None if value is None else round(float(value), 4) for name, value in found.items()}


def copies(clip: Score, prompt: Score) -> Facts:
    """What of a clip and of the bars that the machine was given stands in the training music, in notes in a
    row and as a share of the melodies (see `model.copied`)."""
    found: Facts = {}
    for what, music in (("copied", clip), ("prompt_copied", prompt)):
        known: Copied = copied(music)
        found |= {f"{what}_notes": known.notes, f"{what}_share": round(known.share, 4)}
    return found


def _table(tracks: Iterable[dict]) -> np.ndarray:
    """Every note of tracks: onset and duration in seconds, pitch, velocity; (n, 4)."""
    return np.array([note for track in tracks for note in track["notes"]], float).reshape(-1, 4)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _polyphony(notes: np.ndarray) -> float | None:
    """How many notes sound together, over the time in which any does (muspy; Dong et al. 2020)."""
    if not len(notes):
        return None
    starts, ends = notes[:, 0], notes[:, 0] + notes[:, 1]
    times = np.unique(np.r_[starts, ends])
    sounding = np.searchsorted(np.sort(starts), times[:-1], side="right") - np.searchsorted(
        np.sort(ends), times[:-1], side="right")
    heard = np.diff(times)[sounding > 0].sum()
    return float((sounding * np.diff(times)).sum() / heard) if heard > 0 else None


def _tempo(music: Score, seconds: float) -> float:
    """Quarters a minute, each tempo for as long as it lasts."""
    speeds = np.array([tempo.qpm for tempo in music.tempos])
    quarters = np.array([tempo.time for tempo in music.tempos]) / music.tpq
    begins = np.r_[0.0, np.cumsum(np.diff(quarters) * 60 / speeds[:-1]), seconds]
    return float((np.diff(np.minimum(begins, seconds)) * speeds).sum() / seconds)


def _spread(audio: Audio) -> float | None:
    """From the 10th to the 95th percentile of the level in blocks of 400 ms, rests aside, in dB (the idea of
    EBU Tech 3342, for clips that are too short for its blocks of 3 s)."""
    block, hop = round(_BLOCK_S * audio.sample_rate), round(_HOP_S * audio.sample_rate)
    energy = np.r_[0.0, np.cumsum((audio.samples.astype(np.float64) ** 2).sum(axis=1))]
    starts = np.arange(0, len(energy) - block, hop)
    power = (energy[starts + block] - energy[starts]) / block
    if not (power > 0).any():
        return None
    levels = 10 * np.log10(np.maximum(power, power.max() * 10 ** (-_FLOOR_DB / 10) / 2))
    low, high = np.percentile(levels[levels > levels.max() - _FLOOR_DB], (10, 95))
    return float(high - low)
