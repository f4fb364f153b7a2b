"""The key that music seems to be in: its pitch classes held against those that people expect of each key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# How well each pitch class fits a key, from its tonic up (Krumhansl and Kessler 1982, probe-tone ratings).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_NAMES = {"major": ("C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"),
          "minor": ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")}
_KEYS = [(tonic, mode) for mode in _NAMES for tonic in range(12)]
_PROFILES = np.stack([np.roll(profile, tonic) for profile in (_MAJOR, _MINOR) for tonic in range(12)])
CLEAR, LIKELY = 0.1, 0.04       # the lead over the next best key from which one is clear, or likely
_LEAST = 0.5                    # a correlation below which there is no key


@dataclass(frozen=True)
class Key:
    """tonic: 0 (C) to 11; mode: major or minor. fit: its correlation, -1 to 1; lead: over the next best."""

    tonic: int
    mode: str
    fit: float
    lead: float
    rival: tuple[int, str]

    @property
    def name(self) -> str:
        return _name(self.tonic, self.mode)

    def in_words(self) -> str:
        """How sure it is: "clearly D minor", "probably D minor", "D minor or F major"."""
        if self.lead >= CLEAR:
            return f"clearly {self.name}"
        return f"probably {self.name}" if self.lead >= LIKELY else f"{self.name} or {_name(*self.rival)}"


def key_of(weights: np.ndarray) -> Key | None:
    """The key whose profile correlates best with how long each pitch class sounds, float (12,) from C on.

    The algorithm of Krumhansl and Schmuckler (Krumhansl 1990, chapter 4). None where no key fits (a
    correlation below 0.5), or nothing sounds.
    """
    if not np.ptp(weights):
        return None
    fits = np.corrcoef(np.vstack([weights, _PROFILES]))[0, 1:]
    second, best = np.argsort(fits, kind="stable")[-2:]
    if fits[best] < _LEAST:
        return None
    return Key(*_KEYS[best], float(fits[best]), float(fits[best] - fits[second]), _KEYS[second])


def _name(tonic: int, mode: str) -> str:
    return f"{_NAMES[mode][tonic]} {mode}"
