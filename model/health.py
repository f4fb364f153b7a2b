"""What becomes of a prompt on its way into a network: what was read, what is lost, and how much is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.instruments import DRUMS, instrument_name
from model.keys import Key, key_of
from model.layouts import Layout
from model.metre import TICKS
from model.music import Music, seconds_at, unpack
from model.score import cut_bars, normalise

_LENGTH = 0.5               # steps by which a length may differ before it counts as changed


@dataclass(frozen=True)
class Loss:
    """What the layout changes: so many of so many of something, in a sentence."""

    name: str
    count: int
    of: int
    said: str


@dataclass(frozen=True)
class Health:
    """How a prompt fares.

    bars: those that are used. tracks: program (128: drums), name and notes of each instrument, most notes
    first. tempo: quarters a minute at the start; tempi: how many different ones. key: None where none is
    heard. metres: as "4/4", in the order in which they come. losses: what is changed, in a fixed order, those
    of 0 included. seen: bars that the network is given, the last of the prompt's. profile: how long each
    pitch class sounds, float (12,), in shares of 1 (all 0 for drums alone).
    """

    bars: int
    seconds: float
    notes: int
    tracks: tuple[tuple[int, str, int], ...]
    tempo: float
    tempi: int
    key: Key | None
    metres: tuple[str, ...]
    losses: tuple[Loss, ...]
    seen: int
    profile: np.ndarray


def examine(score: Score, bars: int, layout: Layout, keep_instruments: bool = True) -> Health:
    """The health of the first `bars` bars of a score as a prompt for a layout.

    ValueError: a prompt of which the layout can hold nothing.
    """
    prompt = cut_bars(score, 0, bars)
    seen = layout.from_prompt(prompt, bars, keep_instruments).seen_bars
    music, held = unpack(prompt), unpack(normalise(layout.round_trip(prompt)))
    tracks = sorted(((program, instrument_name(program), len(notes))
                     for program, notes in music.parts.items()), key=lambda row: (-row[2], row[0]))
    profile, speeds = _profile(music), {value for _, value in music.tempos}
    return Health(
        bars=bars, seconds=float(seconds_at(music.tempos, [music.end()])[0]), notes=len(music.notes()),
        tracks=tuple(tracks), tempo=60e6 / music.tempos[0][1], tempi=len(speeds),
        key=key_of(profile), metres=tuple(dict.fromkeys(f"{top}/{low}" for _, top, low in music.grid)),
        losses=_losses(music, held), seen=seen, profile=profile)


def _profile(music: Music) -> np.ndarray:
    pitched = [notes for program, notes in music.parts.items() if program != DRUMS]
    rows = np.concatenate([np.zeros((0, 4), np.int64), *pitched])
    found = np.bincount(rows[:, 2] % 12, weights=rows[:, 1] - rows[:, 0], minlength=12)
    return found / max(found.sum(), 1)


def _losses(music: Music, held: Music) -> tuple[Loss, ...]:
    pairs = [_matched(notes, held.parts.get(program, notes[:0])) for program, notes in music.parts.items()]
    before = np.concatenate([np.zeros((0, 4), np.int64), *(one for one, _, _ in pairs)])
    after = np.concatenate([np.zeros((0, 4), np.int64), *(other for _, other, _ in pairs)])
    notes, missing = len(music.notes()), sum(lost for _, _, lost in pairs)
    moved = np.abs(after[:, 0] - before[:, 0])
    lengths, kept = (one[:, 1] - one[:, 0] for one in (before, after))
    shorter = lengths - kept > _LENGTH * TICKS
    longer = kept - lengths > _LENGTH * TICKS
    louder = np.abs(after[:, 3] - before[:, 3])
    tempi, kept_tempi = len(music.tempos) - 1, len(held.tempos) - 1
    metres = [sign for sign in music.grid if sign not in held.grid]
    return (
        Loss("missing", missing, notes, "left out: no place for their pitch, or two that became one"),
        Loss("moved", int((moved > 0).sum()), notes,
             "moved to the grid" + (f", by {1000 * _mean_s(music, before, after):.0f} ms on average"
                                    if moved.any() else "")),
        Loss("shortened", int(shorter.sum()), notes, "end earlier"),
        Loss("lengthened", int(longer.sum()), notes, "end later"),
        Loss("loudness", int((louder > 0).sum()), notes,
             "a little louder or softer" + (f", by up to {louder.max()} of 127" if louder.any() else "")),
        Loss("tempo", max(tempi - kept_tempi, 0), max(tempi, 0), "not followed"),
        Loss("metre", len(metres), len(music.grid), "not held"))


def _mean_s(music: Music, before: np.ndarray, after: np.ndarray) -> float:
    """Mean distance in seconds of the onsets that were moved."""
    apart = np.abs(seconds_at(music.tempos, after[:, 0]) - seconds_at(music.tempos, before[:, 0]))
    return float(apart[before[:, 0] != after[:, 0]].mean())


def _matched(notes: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Notes (n, 4) and what the layout made of each of them, (m, 4) both, and how many have no counterpart.

    A note's counterpart is the nearest of its pitch within a step; each serves once.
    """
    pairs: list[tuple[int, int]] = []
    for pitch in np.unique(notes[:, 2]):
        mine, theirs = np.flatnonzero(notes[:, 2] == pitch), np.flatnonzero(held[:, 2] == pitch)
        at = 0
        for i in mine:
            while at < len(theirs) and held[theirs[at], 0] < notes[i, 0] - TICKS:
                at += 1
            if at < len(theirs) and held[theirs[at], 0] <= notes[i, 0] + TICKS:
                pairs.append((i, theirs[at]))
                at += 1
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return notes[found[:, 0]], held[found[:, 1]], len(notes) - len(found)
