"""What stands on the stage: the bars of the prompt in use, how they fare, and how the model hears them."""

from __future__ import annotations

import logging
from numbers import Real

from model import health_view, view
from model.catalogue import Catalogue
from model.generator import Generator
from model.health import examine
from model.score import Score, cut_bars, normalise
from model.shelf import Shelf
from model.visit import Visit

log = logging.getLogger(__name__)


def health(visit: Visit, catalogue: Catalogue, generator: Generator, first: float, used: float,
           keep_instruments: bool) -> str:
    """What becomes of the bars that are used; "" before there is a prompt. What cannot be used is said."""
    try:
        if (music := _used(visit, catalogue, first, used)) is None:
            return ""
        return health_view.health(examine(*music, generator.layout, bool(keep_instruments)))
    except Exception as error:
        return _sorry(error)


def both(visit: Visit, catalogue: Catalogue, generator: Generator, shelf: Shelf, first: float,
         used: float) -> str:
    """Players of the bars that are used, as they are and as the generator's layout holds them."""
    try:
        if (music := _used(visit, catalogue, first, used)) is None:
            return ""
        whole, title = cut_bars(music[0], 0, music[1]), visit.prompt(catalogue).title
        held = normalise(generator.layout.round_trip(whole))
        return health_view.comparison(shelf.put(whole, f"{title} as it is"),
                                      shelf.put(held, f"{title} as the model hears it"), title)
    except Exception as error:
        return _sorry(error)


def _sorry(error: Exception) -> str:
    if isinstance(error, ValueError):       # ScoreError among them: a sentence of ours
        return view.note(str(error))
    log.error("A prompt could not be examined.", exc_info=error)
    return view.note("What the model hears of this prompt could not be found out; it can be continued.")


def _used(visit: Visit, catalogue: Catalogue, first: float, used: float) -> tuple[Score, int] | None:
    """A score that begins with the bars that are used, and their number. ValueError: no such bars."""
    prompt = visit.prompt(catalogue)
    if prompt is None:
        return None
    score, _ = visit.origin(catalogue, [], 0.0, first)
    if not isinstance(used, Real) or not used >= 1:
        raise ValueError(f"A prompt has at least 1 bar; received {used}.")
    return score, int(min(used, prompt.bars - first + 1))
