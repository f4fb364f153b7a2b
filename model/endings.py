"""How a take that ends its piece comes to rest, once its notes are there."""

from __future__ import annotations

import numpy as np
from symusic import Score

from model.instruments import DRUMS
from model.metre import TPQ, bar_lines
from model.music import Music, clean, pack, unpack

RING = 2 * TPQ              # ticks that a last chord may ring, if its bar has so many left


def close(score: Score, bars: int) -> Score:
    """A take of `bars` bars, from tick 0, whose last chord rings and after which nothing is heard.

    The notes of the last onset (of the drums, if they play alone) end together: where the longest of them
    does, and not before a half note or the next bar line, whichever is first. What began before and would
    sound longer ends there, too; strokes of the drums after it are left out. A score without notes stays.
    """
    music = unpack(score)
    leading = [notes for program, notes in music.parts.items() if program != DRUMS] or [music.notes()]
    rows = np.concatenate(leading)
    line = bar_lines(music.grid, bars)
    rows = rows[rows[:, 0] < line[-1]]
    if not len(rows):
        return score
    last = int(rows[:, 0].max())
    chord = rows[rows[:, 0] == last]
    ring = min(last + RING, line[int(np.searchsorted(line, last, side="right"))])
    end = min(max(int(chord[:, 1].max()), ring), line[-1])
    parts = {program: _until(notes, last, end, program == DRUMS and len(music.parts) > 1)
             for program, notes in music.parts.items()}
    return pack(Music({program: notes for program, notes in parts.items() if len(notes)}, music.tempos,
                      music.grid, music.notices))


def _until(notes: np.ndarray, last: int, end: int, accompanies: bool) -> np.ndarray:
    """Notes (n, 4) up to the end; those of the last onset ring until then unless they only accompany."""
    kept = notes[notes[:, 0] < end].copy()
    rings = np.zeros(len(kept), bool) if accompanies else kept[:, 0] == last
    kept[:, 1] = np.where(rings, end, np.minimum(kept[:, 1], end))
    return clean(kept)
