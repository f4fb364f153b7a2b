"""The compound layout: music as events, one step of the network a note."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.compound import events
from model.compound.batches import USUAL, Pieces
from model.sampling import Sampling
from model.wishes import FREE, Wishes

if TYPE_CHECKING:
    from symusic import Score

    from model.plan import Heard, Plan

NOTES_PER_BAR = 160         # room for new notes: four times the mean of the training set


class Compound:
    """Music as rows of events. What needs a MIDI library is imported when music comes in or goes out."""

    network = "compound"
    styles = events.STYLES[1:]
    empty = np.zeros((0, len(events.FIELDS)), np.uint8)

    @property
    def shape(self) -> dict[str, int]:
        """What the layout decides of its network's shape: nothing, all classes are fixed."""
        return {}

    def learn(self, files: Iterable[Path], vocabulary: int) -> None:
        """Nothing: the classes are fixed."""

    def piece(self, score: Score, dataset: str = "") -> np.ndarray:
        """A whole piece with its header and end; (0, 7) if it has no notes."""
        from model.compound.transcription import encode

        return encode(score, events.style_of(dataset))

    def notes(self, steps: np.ndarray) -> int:
        """How many notes an array of steps (..., 7) stands for."""
        return int(events.is_note(steps).sum())

    def kinds(self, piece: np.ndarray, nats: np.ndarray) -> dict[str, float]:
        """What the nats of a piece (n - 1, 5), as metrics.losses gives them, are spent on: by field."""
        return dict(zip(events.FIELDS, nats.sum(axis=0, dtype=np.float64).tolist(), strict=False))

    def batches(self, array: np.ndarray, pieces: list[dict], length: int, batch: int,
                rng: np.random.Generator, weights: dict[str, float], learn: bool,
                augment: Sequence[str] | None = None) -> Iterator[np.ndarray]:
        """Endless int64 (batch, length + 1, 7); `learn`: with wishes, by the weights, and varied in what
        `augment` names of batches.AUGMENTATIONS, unless said otherwise in key. ValueError: the weights leave
        no piece."""
        kept = [row for row in pieces if weights.get(row["dataset"], 1.0) > 0]
        if not kept:
            raise ValueError("Music is learnt from data sets whose weight is above 0; there is none.")
        found = Pieces(array, [int(row["offset"]) for row in kept], [int(row["tokens"]) for row in kept],
                       [weights.get(row["dataset"], 1.0) for row in kept])
        if not learn:
            return found.batches(length, batch, rng, drop=1.0, augment=())
        return found.batches(length, batch, rng, augment=USUAL if augment is None else augment)

    def spans(self, piece: np.ndarray, length: int) -> Iterator[tuple[np.ndarray, int]]:
        """A whole piece in stretches that the network sees at once, int64 (up to length + 1, 7), and how many
        of the last steps are to be predicted. All but the first are told metre and tempo once more.
        ValueError: `length` leaves no room for that."""
        room = length - 3
        if room < 1:
            raise ValueError(f"Events are seen in stretches of at least 4; received {length}.")
        yield piece[: length + 1].astype(np.int64), min(length, len(piece) - 1)
        for start in range(length + 1, len(piece), room):
            before, part = piece[: start - 1], piece[start - 1 : start + room]
            head = events.header(events.in_force(events.METRE, before), events.in_force(events.TEMPO, before),
                                 int(piece[0, events.PITCH]))
            yield np.concatenate([head, part]).astype(np.int64), len(part) - 1

    def from_prompt(self, prompt: Score, prompt_bars: int, keep_instruments: bool,
                    wishes: Wishes = FREE) -> Plan:
        """See compound/plan.py."""
        from model.compound.plan import from_prompt

        return from_prompt(prompt, prompt_bars, keep_instruments, wishes)

    def from_nothing(self, programs: Iterable[int], tempo: float, wishes: Wishes = FREE) -> Plan:
        """See compound/plan.py."""
        from model.compound.plan import from_nothing

        return from_nothing(programs, tempo, wishes)

    def prefill(self, network: object, given: np.ndarray) -> object:
        """A cache that has read what is given but its last step, for `generate` (prefix), which copies it."""
        from model.engine import prefill

        return prefill(network, given)

    def generate(self, network: object, given: np.ndarray, rules: object, how: Sampling, *, bars: int,
                 seed: int, heard: Heard, prefix: object | None = None) -> tuple[np.ndarray, bool]:
        """New steps that fill `bars` bars, and whether the take came to its end; see compound/decoding.py."""
        from model.compound.decoding import generate

        room = bars * NOTES_PER_BAR
        return generate(network, given, rules, how, bars=bars, room=room, seed=seed, heard=heard,
                        prefix=prefix)

    def score(self, steps: np.ndarray) -> Score:
        """The music that steps stand for."""
        from model.compound.transcription import decode

        return decode(steps)

    def round_trip(self, score: Score) -> Score:
        """What the layout can hold of a score."""
        from model.compound.transcription import encode

        return self.score(encode(score))

    def noise(self, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Random steps, int64 (steps, 7), to measure speed with."""
        return np.column_stack([rng.integers(0, events.CLASSES[field], steps) for field in events.FIELDS])

    def same(self, other: object) -> bool:
        """Whether arrays of the other are arrays of this one."""
        return isinstance(other, Compound)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"layout": "events", **_TABLE}, indent=1) + "\n")

    @classmethod
    def read(cls, table: dict) -> Compound:
        """From what `save` wrote. ValueError: another version of the program wrote it."""
        if any(table.get(key) != value for key, value in _TABLE.items()):
            raise ValueError("Its events are not those of this version of Segue.")
        return cls()


_TABLE = {"fields": list(events.FIELDS), "classes": events.CLASSES, "styles": list(events.STYLES)}
