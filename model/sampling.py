"""From logits to tokens: pure filters, and what must not be said twice.

Filters take and give float arrays of logits, shape (V,); what is ruled out is -inf, and one token at least
is always left. Nothing here knows a layout; the decode loops stand beside theirs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

NEVER = float("-inf")


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; 0 (top_p: 1) turns one off. Order: bans, temperature, top-k, top-p, min-p."""

    temperature: float = 0.5
    top_k: int = 15
    top_p: float = 1.0
    min_p: float = 0.0
    no_repeat_ngram: int = 6
    no_repeat_bars: int = 0


def keep_top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Keep the k highest logits, and those equal to the k-th (Fan et al. 2018)."""
    if k <= 0 or k >= logits.size:
        return logits
    return np.where(logits < np.partition(logits, -k)[-k], NEVER, logits)


def keep_top_p(logits: np.ndarray, p: float) -> np.ndarray:
    """Keep the smallest set of most probable tokens whose probabilities reach p (Holtzman et al. 2020)."""
    if p >= 1:
        return logits
    order = np.argsort(-logits, kind="stable")
    reached = np.cumsum(_weights(logits[order]))
    kept = 1 + np.searchsorted(reached[:-1], p * reached[-1])
    left = np.full_like(logits, NEVER)
    left[order[:kept]] = logits[order[:kept]]
    return left


def keep_min_p(logits: np.ndarray, share: float) -> np.ndarray:
    """Keep tokens at least `share` times as probable as the most probable one (Nguyen et al. 2024)."""
    if share <= 0:
        return logits
    return np.where(logits < logits.max() + np.log(share), NEVER, logits)


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
    own, more = np.logaddexp.reduce(logits[to]), np.logaddexp.reduce(logits[given])
    return np.where(to, logits + (np.logaddexp(own, more) - own), logits)


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


def draw(logits: np.ndarray, how: Sampling, rng: np.random.Generator) -> int:
    """One token id from logits that hold the bans already. Temperature 0 takes the most probable."""
    if how.temperature <= 0:
        return int(logits.argmax())
    logits = keep_min_p(keep_top_p(keep_top_k(logits / how.temperature, how.top_k), how.top_p), how.min_p)
    reached = np.cumsum(_weights(logits))
    at = min(rng.random() * reached[-1], np.nextafter(reached[-1], 0))      # below the sum in any rounding
    return int(np.searchsorted(reached, at, side="right"))


def _weights(logits: np.ndarray) -> np.ndarray:
    """Probabilities but for their sum, float64; the likeliest has 1."""
    return np.exp((logits - logits.max()).astype(np.float64))
