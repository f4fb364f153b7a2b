"""From logits to tokens: what may be drawn, how it is drawn, and what must not be said twice.

Logits are float arrays, shape (V,); what is ruled out is -inf, and one token at least is always left. Nothing
here knows a layout; the decode loops stand beside theirs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

NEVER = float("-inf")


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; 0 (top_p: 1) turns one off. Order: bans, temperature, top-k, top-p, min-p.

    guidance: by the prompt (compound/guidance.py). guard: bars in which something slips are made again.
    ending: the take is to end the piece. newcomers: how likely others than the prompt's players are let in
    (compound/entries.py). returns: how much form is leaned towards (compound/returns.py). Layouts whose loop
    knows none of the five leave them out.
    """

    temperature: float = 0.5
    top_k: int = 15
    top_p: float = 1.0
    min_p: float = 0.0
    no_repeat_ngram: int = 6
    no_repeat_bars: int = 0
    guidance: float = 0.0
    guard: bool = False
    ending: bool = False
    newcomers: float = 1.0
    returns: float = 0.0


def ban(logits: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """Rule tokens out, unless nothing would be left: then the logits as they were."""
    if not tokens:
        return logits
    banned = logits.copy()
    banned[list(tokens)] = NEVER
    return banned if np.isfinite(banned).any() else logits


def hand_over(logits: np.ndarray, given: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Give the probability of the tokens `given` (bool (V,)) to the tokens `to`, in proportion to theirs."""
    if not given.any() or not to.any():
        return logits
    own, more = logits[to], logits[given]
    top = max(own.max(), more.max())
    gain = np.log1p(np.exp(more - top).sum() / np.exp(own - top).sum())
    return np.where(to, logits + gain, logits)


class Ngrams:
    """Which token would make an n-gram of tokens, prompt included, occur twice (as published).

    A token is whatever can be told apart: an id, or what is drawn of a note.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._recent: list[Hashable] = []
        self._next: dict[tuple[Hashable, ...], list[Hashable]] = {}

    def add(self, token: Hashable) -> None:
        if self.n <= 0:
            return
        if len(self._recent) == self.n - 1:
            self._next.setdefault(tuple(self._recent), []).append(token)
        self._recent = [*self._recent, token][-(self.n - 1) :] if self.n > 1 else []

    def banned(self) -> list[Hashable]:
        if self.n <= 0 or len(self._recent) < self.n - 1:
            return []
        return self._next.get(tuple(self._recent), [])


class Bars:
    """Whether the end of this bar would make n bars in a row occur twice. An empty bar may always end."""

    def __init__(self, n: int) -> None:
        self.n = n
        self._bars: list[tuple[Hashable, ...]] = []
        self._now: list[Hashable] = []
        self._begun = self._sounds = False
        self._seen: set[tuple[tuple[Hashable, ...], ...]] = set()

    def begin(self) -> None:
        """A bar line."""
        if self.n > 0 and self._begun:
            self._bars.append(tuple(self._now))
            if len(self._bars) >= self.n:
                self._seen.add(tuple(self._bars[-self.n :]))
            self._now = []
        self._begun, self._sounds = True, False

    def add(self, token: Hashable, sounds: bool = True) -> None:
        """What happens in the bar; `sounds`: it is a note, or a part of one."""
        if self.n > 0:
            self._now.append(token)
            self._sounds |= sounds

    def must_go_on(self) -> bool:
        if self.n <= 0 or not self._sounds:
            return False
        before = self._bars[-(self.n - 1) :] if self.n > 1 else []
        return (*before, tuple(self._now)) in self._seen


def candidates(logits: np.ndarray, how: Sampling) -> tuple[np.ndarray, np.ndarray]:
    """The ids that may be drawn, the likeliest first, and their weights: probabilities but for their sum.

    Of logits that hold the bans already: the top_k highest and those equal to the last of them (Fan et al.
    2018); of these the fewest whose probabilities reach top_p (Holtzman et al. 2020); of these the ones at
    least min_p times as probable as the first (Nguyen et al. 2024). Temperature 0 leaves the likeliest.
    """
    if how.temperature <= 0:
        return np.array([logits.argmax()]), np.ones(1)
    ids = np.flatnonzero(logits > NEVER)
    left = logits[ids].astype(np.float64)
    if 0 < how.top_k < ids.size:
        high = left >= np.partition(left, -how.top_k)[-how.top_k]
        ids, left = ids[high], left[high]
    weights = np.exp((left - left.max()) / how.temperature)
    total = weights.sum()
    # All that is lighter than this weighs, together, less than the share 1 - top_p of the likeliest alone: it
    # would not be reached, and need not be sorted.
    few = np.flatnonzero(weights >= max((1 - how.top_p) / ids.size, how.min_p))
    few = few[np.argsort(-weights[few], kind="stable")]
    if how.top_p < 1:
        few = few[: 1 + np.searchsorted(np.cumsum(weights[few])[:-1], how.top_p * total)]
    return ids[few], weights[few]


def draw(logits: np.ndarray, how: Sampling, rng: np.random.Generator) -> int:
    """One token id from logits that hold the bans already."""
    ids, weights = candidates(logits, how)
    reached = np.cumsum(weights)
    at = min(rng.random() * reached[-1], np.nextafter(reached[-1], 0))      # below the sum in any rounding
    return int(ids[np.searchsorted(reached, at, side="right")])
