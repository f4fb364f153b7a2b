"""Hangs up the takes of a run: each as soon as it grows, to be heard, and once more when it is whole."""

from __future__ import annotations

import math
from collections.abc import Iterable

from model import keeping, take_view
from model.generator import Progress, Take
from model.growing import Growing
from model.score import bar_seconds
from model.shelf import Shelf
from model.view import player
from model.visit import Run

LEAD_S = 1.5        # least time from where a take begins to play to where the machine takes over


def hang_up(run: Run, events: Iterable[Progress | Growing | Take], shelf: Shelf,
            source: keeping.Source) -> None:
    """Follows a stream to its end and fills the run. What grew and was not finished is taken down again."""
    grown: dict[int, tuple[str, dict]] = {}         # token and marks of the player
    try:
        for event in events:
            if isinstance(event, Progress):
                run.progress = event
            elif isinstance(event, Growing):
                _grow(run, event, shelf, source.title, grown)
            else:
                token, marks = grown.pop(event.index, (None, {}))
                run.takes[event.index] = keeping.keep(shelf, event, source, stopped=run.stop.is_set(),
                                                      token=token, **marks)
            if run.takes:
                run.hung.set()
    finally:
        for index, (token, _) in grown.items():
            shelf.drop(token)
            run.takes.pop(index, None)


def _grow(run: Run, event: Growing, shelf: Shelf, title: str, grown: dict[int, tuple[str, dict]]) -> None:
    if event.index in grown:
        token, marks = grown[event.index]
        shelf.grow(token, event.score, event.seconds, event.attempt)
    else:
        token = shelf.begin(title, event.score, event.seconds)
        marks = {"live": f"/takes/{token}/live.mp3", "expected": round(event.expected_s, 4)}
        if not event.index:         # the first take of a run plays by itself
            marks["autoplay_from"] = lead_in(event)
        grown[event.index] = token, marks
    sound = player(token, f"Take {event.index + 1}", seam=round(event.seam_s, 4) or None, choose_bar=True,
                   **marks)
    run.takes[event.index] = take_view.growing(event.index, token, event.score, event.seam_s, event.seam_bar,
                                               event.bars, sound, again=event.attempt > 0)


def lead_in(event: Growing) -> float:
    """Where a take begins to play by itself, in seconds: one bar before the seam, or as many as last LEAD_S.

    Meanwhile the first new bars are made.
    """
    lines = bar_seconds(event.score, event.seam_bar)
    early = lines[lines <= event.seam_s - LEAD_S]
    return math.floor(1e4 * float(early[-1])) / 1e4 if len(early) else 0.0
