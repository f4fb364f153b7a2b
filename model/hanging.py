"""Hangs up the takes of a run: each as soon as it grows, to be heard, and once more when it is whole."""

from __future__ import annotations

import math
from collections.abc import Iterable

from model import keeping, take_view
from model.ahead import Ahead
from model.generator import Progress, Take
from model.growing import Growing
from model.runs import Run
from model.score import bar_seconds, end_s
from model.shelf import Shelf
from model.view import player

LEAD_S = 1.5        # least time from where a take begins to play to where the machine takes over


def hang_up(run: Run, events: Iterable[Progress | Growing | Take], shelf: Shelf,
            source: keeping.Source, ahead: Ahead | None = None) -> None:
    """Follows a stream to its end and fills the run. What grew and was not finished is taken down again.

    ahead: renders the sound of the takes once all of them hang.
    """
    grown: dict[int, tuple[str, dict]] = {}         # token and marks of the player
    whole: list[str] = []
    try:
        for event in events:
            run.look()
            if isinstance(event, Progress):
                run.progress = event
            elif isinstance(event, Growing):
                _grow(run, event, shelf, source.title, grown)
            else:
                if event.index not in grown:
                    grown[event.index] = _begin(run, event, shelf, source.title)
                token, marks = grown[event.index]
                run.takes[event.index] = keeping.keep(shelf, event, source, stopped=run.ending,
                                                      token=token, **marks)
                del grown[event.index]
                whole.append(token)
            if run.takes:
                run.hung.set()
    finally:
        for index, (token, _) in grown.items():
            shelf.drop(token)
            run.takes.pop(index, None)
        if ahead:
            ahead.render(whole)


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


def _begin(run: Run, made: Take, shelf: Shelf, title: str) -> tuple[str, dict]:
    """Token and marks of a take that did not grow, for nobody knew that it would be the best.

    The first of a run plays by itself. It is heard as growing music is, without waiting until it is rendered.
    """
    token = shelf.begin(title, made.score, end_s(made.score), ready=True)
    first = {"live": f"/takes/{token}/live.mp3", "autoplay_from": lead_in(made)}
    return token, {} if run.takes else first


def lead_in(take: Growing | Take) -> float:
    """Where a take begins to play by itself, in seconds: one bar before the seam, or as many as last LEAD_S.

    Meanwhile the first new bars are made.
    """
    lines = bar_seconds(take.score, take.seam_bar)
    early = lines[lines <= take.seam_s - LEAD_S]
    return math.floor(1e4 * float(early[-1])) / 1e4 if len(early) else 0.0
