"""How well a network predicts music it has not seen: nats a step and bits a note.

Bits a note compare networks of any layout: all nats of a piece over the notes that it holds. They are told
for all pieces, by data set, by how far into the piece a step lies, and by the kind of what is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from model.checkpoint import Checkpoint
from model.evaluation import intervals
from model.evaluation.prepared import EvaluationError, Prepared
from model.metrics import losses

POSITIONS = (64, 128, 256, 512, 1024)


@dataclass
class _Tally:
    """What pieces add up to; nats, notes and steps are kept by piece, for the interval."""

    nats: list[float] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    kinds: dict[str, float] = field(default_factory=dict)

    def add(self, nats: float, notes: int, steps: int, kinds: dict[str, float]) -> None:
        self.nats.append(nats)
        self.notes.append(notes)
        self.steps.append(steps)
        for kind, value in kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0.0) + value

    def told(self, rng: np.random.Generator) -> dict:
        nats, notes, steps = (np.array(values, float) for values in (self.nats, self.notes, self.steps))
        count = max(notes.sum(), 1)
        bits = nats / math.log(2)
        return {
            "pieces": len(nats), "tokens": int(steps.sum()), "notes": int(notes.sum()),
            "nats_per_token": round(float(nats.sum() / steps.sum()), 4),
            "bits_per_note": round(float(bits.sum() / count), 3),
            "bits_per_note_ci95": intervals.ratio(bits, notes, rng),
            "bits_per_note_by_kind": {kind: round(value / math.log(2) / count, 4)
                                      for kind, value in sorted(self.kinds.items())},
        }


def likelihood(
    ready: Checkpoint,
    data: Path,
    split: str = "test",
    pieces: int = 60,
    sequence: int = 512,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """Nats per token and bits per note of `pieces` pieces of a split, drawn at random, and their parts.

    Every piece is evaluated from its start on, in stretches of `sequence` steps (see metrics.losses).
    `by_position`: steps up to 64, from there to 128, and so on, "later" last; with a `sequence` below 1,024
    the steps after each seam have little context. `bits_per_note_by_kind`: see the layout's `kinds`. The 95%
    intervals are bootstrapped over pieces.
    EvaluationError: a number out of range, a folder that does not fit the checkpoint, a split without pieces.
    """
    if pieces < 1 or sequence < 1:
        raise EvaluationError(f"pieces and sequence are at least 1; received {pieces} and {sequence}.")
    prepared = Prepared(data, split)
    if not prepared.layout.same(ready.layout):
        raise EvaluationError(f"A checkpoint is evaluated with its own layout; {data} has another.")
    rng = np.random.default_rng(seed)
    chosen = [prepared.rows[i] for i in sorted(rng.permutation(len(prepared.rows))[:pieces])]
    whole, datasets, positions = _Tally(), {}, {}
    for done, row in enumerate(chosen, 1):
        piece = prepared.steps(row)
        if len(piece) < 2:
            continue
        nats = losses(ready.network, ready.layout, piece, sequence)
        kinds = ready.layout.kinds(piece, nats)
        for tally in (whole, datasets.setdefault(row.dataset, _Tally())):
            tally.add(float(nats.sum()), row.notes, len(nats), kinds)
        for start, stop in pairwise((0, *POSITIONS, None)):
            part = nats[start:stop]
            if len(part):
                notes = ready.layout.notes(piece[1:][start:stop])
                tally = positions.setdefault("later" if stop is None else str(stop), _Tally())
                tally.add(float(part.sum()), notes, len(part), {})
        progress(done, len(chosen))
    plain = [{key: value for key, value in tally.told(rng).items() if key != "bits_per_note_by_kind"}
             for tally in positions.values()]
    return {"checkpoint": ready.name, "checkpoint_sha256": ready.sha256, "split": split, "sequence": sequence,
            "seed": seed, "all": whole.told(rng),
            "by_dataset": {name: tally.told(rng) for name, tally in sorted(datasets.items())},
            "by_position": dict(zip(positions, plain, strict=True))}
