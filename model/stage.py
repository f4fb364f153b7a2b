"""What stands on the stage: the bars of the prompt in use, how they fare, and as the model hears them. No Gradio.
"""

from __future__ import annotations

from model import health_view, view
from model.catalogue import Catalogue
from model.generator import Generator
from model.health import examine
from model.score import Score, cut_bars, normalise
from model.shelf import Shelf
from model.visit import Visit, reason


def health(visit: Visit, catalogue: Catalogue, generator: Generator, first: float, used: float,
           keep_instruments: bool) -> str:
    """What becomes of the bars that are used; "" before there is a prompt. What cannot be used is said."""
    try:
        if (music := _used(visit, catalogue, first, used)) is None:
            return ""
        return health_view.health(examine(*music, generator.layout, bool(keep_instruments)))
    except Exception as error:
        return view.note(reason(error))


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
        return view.note(reason(error))


def _used(visit: Visit, catalogue: Catalogue, first: float, used: float) -> tuple[Score, int] | None:
    """A score that begins with the bars that are used, and their number. ValueError: no such bars."""
    prompt = visit.prompt(catalogue)
    if prompt is None:
        return None
    score, _ = visit.origin(catalogue, [], 0.0, int(first))
    count = min(int(used), prompt.bars - int(first) + 1)
    if count < 1:
        raise ValueError(f"A prompt has at least 1 bar; received {used}.")
    return score, count
