"""Pieces as events -> endless batches to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from model.compound import events as ev

# What a window may be varied in, by how much up or down: semitones, and classes of the events' fields.
AUGMENTATIONS = {"key": (-5, 6), "velocity": (-3, 3), "tempo": (-2, 2)}
USUAL = ("key",)


class Pieces:
    """The pieces of one split, as events, and windows of them.

    A window is a header, then music from a bar line on, and whatever other music fills it up. The header's
    wishes (style, density, instruments) are what the window holds, each left out as often as `drop` says, so
    that they stay optional.

    Parameters
    ----------
    array: uint8 (n, 7), pieces one after the other, each with its own header.
    offsets, lengths: of the pieces, in rows.
    weights: how much more often a row of a piece is seen than its share.
    """

    def __init__(self, array: np.ndarray, offsets: Sequence[int], lengths: Sequence[int],
                 weights: Sequence[float]) -> None:
        self.array = array
        self.offsets, self.lengths = np.asarray(offsets), np.asarray(lengths)
        shares = np.asarray(weights, float) * self.lengths
        self.shares = np.cumsum(shares / shares.sum())
        tempi = np.flatnonzero(array[:, ev.INSTRUMENT] == ev.TEMPO)
        metres = np.flatnonzero(array[:, ev.INSTRUMENT] == ev.METRE)
        self._changes = {ev.TEMPO: tempi, ev.METRE: metres}

    def window(self, length: int, rng: np.random.Generator, drop: float = 0.5,
               augment: Sequence[str] = USUAL) -> np.ndarray:
        """uint8 (length, 7). `drop`: probability that each wish is left out; `augment`: of AUGMENTATIONS."""
        parts, room = [], length
        first = True
        while room > 0:
            piece = int(np.searchsorted(self.shares, rng.random(), side="right"))
            part = self._part(min(piece, len(self.offsets) - 1), room, rng, drop, augment, anywhere=first)
            parts.append(part)
            room -= len(part)
            first = False
        return np.concatenate(parts)[:length]

    def batches(self, length: int, batch: int, rng: np.random.Generator,
                **how: object) -> Iterator[np.ndarray]:
        """Endless int64 (batch, length + 1, 7)."""
        while True:
            yield np.stack([self.window(length + 1, rng, **how) for _ in range(batch)]).astype(np.int64)

    def _part(self, piece: int, room: int, rng: np.random.Generator, drop: float,
              augment: Sequence[str], anywhere: bool) -> np.ndarray:
        offset, stop = self.offsets[piece], self.offsets[piece] + self.lengths[piece]
        head = offset + 3                   # start, metre, tempo
        begin = int(rng.integers(head, stop)) if anywhere else head
        if begin > head:                    # back to the first event of its bar
            bars = self.array[max(head, begin - 4096):begin + 1, ev.BAR]
            other = np.flatnonzero(bars != bars[-1])
            begin = max(head, begin - len(bars) + 1 + other[-1] + 1) if len(other) else head
        music = self.array[begin:min(stop, begin + room)].copy()
        if begin > head:
            music[0, ev.TIME] = music[0, ev.POSITION]
        playing = music[ev.is_note(music)]
        wishes: dict = {}
        if rng.random() >= drop:
            wishes["style"] = int(self.array[offset, ev.PITCH])
        if rng.random() >= drop and len(playing):
            wishes["players"] = np.unique(playing[:, ev.INSTRUMENT]).tolist()
        if rng.random() >= drop and len(playing):
            bars = music[:, ev.TIME].astype(int).sum() / (4 * ev.STEPS)
            wishes["density"] = ev.density_class(len(playing), bars)
        header = ev.header(self._now(ev.METRE, begin), self._now(ev.TEMPO, begin), **wishes)
        part = np.concatenate([header, music])
        for name in augment:
            low, high = AUGMENTATIONS[name]
            _VARY[name](part, int(rng.integers(low, high + 1)))
        return part

    def _now(self, kind: int, row: int) -> int:
        """The metre or tempo in force before a row."""
        changes = self._changes[kind]
        return int(self.array[changes[np.searchsorted(changes, row) - 1], ev.PITCH])


def transpose(rows: np.ndarray, semitones: int) -> None:
    """Move every pitched note of events; one that would leave MIDI's range, by an octave less or more."""
    pitched = rows[:, ev.INSTRUMENT] > ev.KIT
    pitch = rows[pitched, ev.PITCH].astype(np.int64) + semitones
    rows[pitched, ev.PITCH] = np.where(pitch > 127, pitch - 12, np.where(pitch < 0, pitch + 12, pitch))


def louder(rows: np.ndarray, classes: int) -> None:
    """Move the velocity of every note of events, as far as there are classes."""
    notes = ev.is_note(rows)
    moved = rows[notes, ev.VELOCITY].astype(np.int64) + classes
    rows[notes, ev.VELOCITY] = moved.clip(0, ev.CLASSES["velocity"] - 1)


def faster(rows: np.ndarray, classes: int) -> None:
    """Move every tempo of events, the header's too, as far as there are classes."""
    tempi = rows[:, ev.INSTRUMENT] == ev.TEMPO
    rows[tempi, ev.PITCH] = (rows[tempi, ev.PITCH].astype(np.int64) + classes).clip(0, len(ev.TEMPI) - 1)


_VARY = {"key": transpose, "velocity": louder, "tempo": faster}
