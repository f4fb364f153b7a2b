"""What stood in the settings of the Compose page before a reload. No Gradio.

The browser's tab keeps it, so that it may be anything; what cannot be used is as if nothing were kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from model.generator import Generator
from model.settings import CHARACTER, RANGES, Settings, preset_of
from model.visit import BARS, LENGTHS, SECONDS
from model.wishes import ANY


@dataclass(frozen=True)
class Recalled:
    """Settings in the order in which the page keeps them. A seed is not among them: it would give the same
    takes once more, unseen where the settings are folded."""

    length: float
    unit: str
    takes: int
    temperature: float
    top_k: int
    top_p: float
    no_repeat_ngram: int
    guidance: float
    keep_instruments: bool
    whistle: bool
    system: str
    style: str
    density: int
    best_of: int
    ending: bool

    @property
    def character(self) -> str | None:
        """The preset whose settings these are; None: the visitor's own."""
        return preset_of([getattr(self, name) for name in CHARACTER])


def recall(kept: object, generator: Generator, most_takes: int) -> Recalled | None:
    """What a tab has kept, as JSON; None where no visitor could have set it so."""
    try:
        found = Recalled(*json.loads(kept))
        low, high = LENGTHS if found.unit == SECONDS else RANGES["bars"]
        player = generator.of(found.system if found.system in generator.systems else None)
        Settings(found.temperature, found.top_k, found.top_p, no_repeat_ngram=found.no_repeat_ngram,
                 guidance=found.guidance, density=found.density, best_of=found.best_of)
        fits = (low <= found.length <= high, found.unit in (BARS, SECONDS), found.system in generator.systems,
                found.takes in range(1, most_takes + 1),
                found.style == ANY or ("style" in player.controls and found.style in player.layout.styles),
                not found.density or "density" in player.controls,
                all(isinstance(said, bool) for said in (found.keep_instruments, found.whistle, found.ending)))
    except (TypeError, ValueError, RecursionError):
        return None
    return found if all(fits) else None
