"""The published layout: REMI+ tokens with byte-pair encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from symusic import Score

from model.batches import windows
from model.engine import prefill
from model.plan import Heard, Plan
from model.remi.decoding import begun, generate
from model.remi.grammar import Grammar
from model.remi.plan import from_nothing, from_prompt
from model.remi.tokenizer import Tokenizer
from model.sampling import Sampling
from model.wishes import FREE, Wishes

TOKENS_PER_BAR = 320        # room for new tokens: four times the mean of the training set


class Remi:
    """Music as token ids, one dimension; a step of the network is a token."""

    network = "transformer"
    styles: tuple[str, ...] = ()
    empty = np.zeros(0, np.uint16)

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._grammar: Grammar | None = None

    @property
    def shape(self) -> dict[str, int]:
        """What the layout decides of its network's shape."""
        return {"vocabulary": self.tokenizer.size}

    def learn(self, files: Iterable[Path], vocabulary: int) -> None:
        """Learn a vocabulary from MIDI files; 0 ids: leave the base tokens as they are."""
        if vocabulary:
            self.tokenizer.train(files, vocabulary)

    def piece(self, score: Score, dataset: str = "") -> np.ndarray:
        """A whole piece with its start and end; (0,) if nothing of it can be heard."""
        ids = self.tokenizer.encode(score)
        if not len(ids):
            return ids
        return np.concatenate([[self.tokenizer.bos], ids, [self.tokenizer.eos]]).astype(np.uint16)

    def notes(self, steps: np.ndarray) -> int:
        """How many notes an array of steps stands for."""
        return int(self.tokenizer.notes[steps].sum())

    def kinds(self, piece: np.ndarray, nats: np.ndarray) -> dict[str, float]:
        """What the nats of a piece (n - 1, 1), as metrics.losses gives them, are spent on: by type of token.

        A byte-pair token predicts several base tokens at once; its nats are split evenly among them.
        """
        found: dict[str, float] = {}
        spent = np.bincount(piece[1:], nats.sum(axis=1, dtype=np.float64), minlength=self.tokenizer.size)
        for token in np.flatnonzero(spent):
            bases = self.tokenizer.base[token]
            for base in bases:
                kind = base.rpartition("_")[0].lower()
                found[kind] = found.get(kind, 0.0) + float(spent[token]) / len(bases)
        return found

    def batches(self, array: np.ndarray, pieces: list[dict], length: int, batch: int,
                rng: np.random.Generator, weights: dict[str, float], learn: bool,
                augment: Sequence[str] | None = None) -> Iterator[np.ndarray]:
        """Endless int64 (batch, length + 1). ValueError: weights or augmentations are asked for, or there is
        too little."""
        if weights:
            raise ValueError("Token ids are learnt in the order of the file; weights are for events.")
        if augment:
            raise ValueError("Token ids are learnt as they are, in the keys that `prepare` wrote; received "
                             f"augment: {', '.join(augment)}.")
        return windows(array, length, batch, rng)

    def spans(self, piece: np.ndarray, length: int) -> Iterator[tuple[np.ndarray, int]]:
        """A whole piece in stretches that the network sees at once, int64 (up to length + 1,), and how many
        of the last steps are to be predicted."""
        for start in range(0, len(piece) - 1, length):
            part = piece[start : start + length + 1].astype(np.int64)
            yield part, len(part) - 1

    def from_prompt(self, prompt: Score, prompt_bars: int, keep_instruments: bool,
                    wishes: Wishes = FREE) -> Plan:
        """See remi/plan.py. ValueError for wishes: tokens cannot say them."""
        _unsaid(wishes)
        return from_prompt(self.tokenizer, prompt, prompt_bars, keep_instruments)

    def from_nothing(self, programs: Iterable[int], tempo: float, wishes: Wishes = FREE) -> Plan:
        """See remi/plan.py. ValueError for wishes: tokens cannot say them."""
        _unsaid(wishes)
        return from_nothing(self.tokenizer, programs, tempo)

    def prefill(self, network: object, given: np.ndarray) -> object:
        """A cache that has read what is given but its last step, for `generate` (prefix), which copies it."""
        return prefill(network, begun(self.tokenizer, given))

    def generate(self, network: object, given: np.ndarray, rules: object, how: Sampling, *, bars: int,
                 seed: int, heard: Heard, prefix: object | None = None) -> tuple[np.ndarray, bool]:
        """New steps that fill `bars` bars, and whether the take came to its end; see remi/decoding.py."""
        self._grammar = self._grammar or Grammar(self.tokenizer)
        ids, complete = generate(network, self._grammar, given, how, bars=bars, minimum_bars=bars,
                                 max_tokens=bars * TOKENS_PER_BAR, seed=seed, rules=rules, heard=heard,
                                 prefix=prefix)
        return np.array(ids, np.int64), complete

    def score(self, steps: np.ndarray) -> Score:
        """The music that steps stand for."""
        return self.tokenizer.decode(steps)

    def round_trip(self, score: Score) -> Score:
        """What the layout can hold of a score."""
        return self.score(self.tokenizer.encode(score, rests=False))

    def noise(self, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Random steps, int64 (steps,), to measure speed with."""
        return rng.integers(4, self.tokenizer.size, steps)

    def same(self, other: object) -> bool:
        """Whether arrays of the other are arrays of this one."""
        return isinstance(other, Remi) and self.tokenizer.base == other.tokenizer.base

    def save(self, path: Path) -> None:
        self.tokenizer.save(path)


def _unsaid(wishes: Wishes) -> None:
    if wishes != FREE:
        raise ValueError("This system takes no wish for a style or a density; received "
                         f"'{wishes.style}' and {wishes.density} notes a bar.")
