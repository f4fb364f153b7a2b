"""Made-up passages for the tests of the measures."""

import numpy as np

from model.evaluation.passage import Passage

BAR = 48        # steps of 4/4


def passage_of(*notes, bars: int = 2) -> Passage:
    """Notes are (onset, length, program, pitch[, velocity]) in steps."""
    rows = [(on, on + length, program, pitch, *(loud or (80,)))
            for on, length, program, pitch, *loud in notes]
    rows.sort(key=lambda row: (row[0], row[2], row[3]))
    return Passage(np.array(rows, np.int64).reshape(-1, 5), np.arange(bars + 1) * BAR)


def tune(pitches, step: int = 12, program: int = 0, begin: int = 0, length: int | None = None) -> list[tuple]:
    """Notes of equal distance."""
    return [(begin + i * step, length or step, program, pitch) for i, pitch in enumerate(pitches)]


def wander(seed: int, notes: int = 64, bars: int = 8, spread: int = 7) -> Passage:
    """A melody of random steps and waits, and a drum."""
    rng = np.random.default_rng(seed)
    onsets = np.sort(rng.choice(bars * BAR // 3, notes, replace=False)) * 3
    pitches = 60 + np.cumsum(rng.integers(-spread, spread + 1, notes)).clip(-25, 25)
    melody = [(int(on), 3, 0, int(pitch), int(rng.integers(50, 100)))
              for on, pitch in zip(onsets, pitches, strict=True)]
    return passage_of(*melody, *((bar * BAR, 3, 128, 36) for bar in range(bars)), bars=bars)
