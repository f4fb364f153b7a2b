"""What may be asked of a take: a visitor's sliders with their ends, the presets, and a start from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

from model.sampling import Sampling
from model.wishes import ANY


@dataclass(frozen=True)
class Settings:
    """A visitor's sliders; RANGES holds their ends. ValueError says which is out of its range."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 0.95
    min_p: float = 0.0
    no_repeat_ngram: int = 0
    no_repeat_bars: int = 0
    bars: int = 16
    prompt_bars: int = 8
    seed: int = 0
    keep_instruments: bool = False      # only the prompt's may play on
    whistle: bool = False
    style: str = ANY                    # one of the system's styles
    density: int = 0                    # notes a bar that are wished for; 0: any
    best_of: int = 1                    # candidates of which a take is the best (see judging.py)
    guidance: float = 0.75              # how much more the prompt is listened to (compound/guidance.py)
    newcomers: float = 0.4              # how likely another player is let in (compound/entries.py)
    returns: float = 1.0                # how far bars come back as people's do (compound/returns.py)
    guard: bool = True                  # bars in which something slips are made again
    ending: bool = False                # the take ends the piece (see endings.py)

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value, label = getattr(self, name), name.replace("_", " ")
            if not isinstance(value, Real) or not low <= value <= high:
                raise ValueError(f"{label} goes from {low} to {high}; received {value}.")
            kind = type(low)
            if kind(value) != value:
                raise ValueError(f"{label} is a whole number; received {value}.")
            object.__setattr__(self, name, kind(value))


RANGES = {
    "temperature": (0.05, 2.0),
    "top_k": (0, 200),
    "top_p": (0.05, 1.0),
    "min_p": (0.0, 0.5),
    "no_repeat_ngram": (0, 32),
    "no_repeat_bars": (0, 8),
    "guidance": (0.0, 2.0),
    "newcomers": (0.0, 1.0),
    "returns": (0.0, 2.0),
    "bars": (1, 64),
    "prompt_bars": (0, 2000),
    "seed": (0, 2**31 - 1),
    "density": (0, 96),
    "best_of": (1, 16),
}

# 'natural', the default, is the setting that the machine listener tells from people least often
# (docs/experiments.md). The others are the published ones: temperature, top-k, n-gram.
_PUBLISHED = [(0.5, 15, 6), (0.7, 12, 4), (0.7, 12, 10), (0.3, 8, 4), (0.3, 8, 8), (0.9, 30, 12),
              (0.9, 30, 2), (0.1, 5, 2), (0.1, 5, 10)]
PRESETS = {"natural": Settings()} | {
    "balanced" if i == 0 else f"{t} · {k} · {n}":
        Settings(t, k, 1.0, no_repeat_ngram=n, guidance=0.0, newcomers=1.0, returns=0.0)
    for i, (t, k, n) in enumerate(_PUBLISHED)
}
CHARACTER = ("temperature", "top_k", "top_p", "no_repeat_ngram", "guidance")     # what a preset shows


def preset_of(character: Sequence[object]) -> str | None:
    """The preset that has these values of CHARACTER; None where there is none."""
    return next((name for name, preset in PRESETS.items()
                 if [getattr(preset, part) for part in CHARACTER] == list(character)), None)


@dataclass(frozen=True)
class Start:
    """Music from nothing: General MIDI programs from 0, 128 for drums, and beats a minute."""

    programs: tuple[int, ...] = (0,)
    tempo: float = 120.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.programs) <= 16 or any(program not in range(129) for program in self.programs):
            raise ValueError(f"A start has 1 to 16 programs from 0 to 128; received {list(self.programs)}.")
        if not 40 <= self.tempo <= 250:
            raise ValueError(f"A tempo goes from 40 to 250 beats a minute; received {self.tempo}.")


def sampling(settings: Settings) -> Sampling:
    """How a take with these settings is drawn."""
    return Sampling(settings.temperature, settings.top_k, settings.top_p, settings.min_p,
                    settings.no_repeat_ngram, settings.no_repeat_bars, settings.guidance, settings.guard,
                    settings.ending, settings.newcomers, settings.returns)
