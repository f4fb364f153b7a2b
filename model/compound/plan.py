"""Prompt or start -> the events that a network continues, and who may play."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.compound import events as ev
from model.compound.transcription import encode
from model.metre import bar_tick
from model.music import unpack
from model.plan import Plan, played_by, used_bars
from model.score import cut_bars
from model.wishes import ANY, FREE, Wishes

PROMPT_EVENTS = 1024


@dataclass(frozen=True)
class Rules:
    """seam: steps from the last given event to the bar line where new music begins; bar: that bar's number.

    metre: its class. players: the instrument classes that may play; None for all. density: notes a bar that
    are wished for; 0 for any.
    """

    seam: int
    bar: int
    metre: int
    players: frozenset[int] | None = None
    density: int = 0


def from_prompt(prompt: Score, prompt_bars: int = 0, keep_instruments: bool = False,
                wishes: Wishes = FREE) -> Plan:
    """Continue the first `prompt_bars` bars (0: all) of a score, in the metre and tempo that they end with.

    The network is given as many of the last bars as PROMPT_EVENTS hold, at least one. With `keep_instruments`
    it is told who plays, and no other may. ValueError when there are no notes,
    or no such style.
    """
    score, used = used_bars(prompt, prompt_bars)
    players = frozenset(ev.instrument_of(program) for program in played_by(score))
    signature = score.time_signatures[-1]
    metre = ev.METRE_LIST.index((signature.numerator, signature.denominator))
    first, rows = _last_bars(score, used)
    skip = max(3, len(rows) - PROMPT_EVENTS)        # of a bar that is too full alone, its end
    before, music = rows[:skip], rows[skip:]
    music[0, ev.TIME] += before[:, ev.TIME].sum()
    head = ev.header(ev.in_force(ev.METRE, before), ev.in_force(ev.TEMPO, before),
                     players=players if keep_instruments else (), **_said(wishes))
    seam = _steps_between(score, first, used) - int(music[:, ev.TIME].sum())
    rules = Rules(seam, used - first, metre, players if keep_instruments else None, wishes.density)
    return Plan(score, used, np.concatenate([head, music]), used - first, rules, score.tempos[-1].mspq)


def from_nothing(programs: Iterable[int], tempo: float, wishes: Wishes = FREE) -> Plan:
    """A first bar in 4/4 at a tempo (quarters a minute), by the chosen programs alone (128: drums).

    ValueError when there is no such style.
    """
    players = frozenset(ev.instrument_of(program) for program in programs)
    metre = ev.METRE_LIST.index((4, 4))
    given = ev.header(metre, ev.tempo_class(tempo), players=players, **_said(wishes)).astype(np.int64)
    return Plan(None, 0, given, 0, Rules(0, 0, metre, players, wishes.density), round(60e6 / tempo))


def _said(wishes: Wishes) -> dict[str, int]:
    """Wishes as a header says them."""
    said = {}
    if wishes.style != ANY:
        if wishes.style not in ev.STYLES[1:]:
            raise ValueError(f"style is one of {', '.join(ev.STYLES[1:])}; received '{wishes.style}'.")
        said["style"] = ev.STYLES.index(wishes.style)
    if wishes.density:
        said["density"] = ev.density_class(wishes.density, 1)
    return said


def _last_bars(score: Score, bars: int) -> tuple[int, np.ndarray]:
    """The first of as many of the last bars as PROMPT_EVENTS hold, and their events, int64 (n, 7).

    They are one at least, and as many as it takes to hold a note. ValueError when none does.
    """

    def rows_from(bar: int) -> np.ndarray:
        return encode(cut_bars(score, bar, bars), bars=bars - bar).astype(np.int64)

    first, rows = 0, rows_from(0)
    if not len(rows):
        raise ValueError("A prompt has notes; received one without.")
    while len(rows) > PROMPT_EVENTS and first < bars - 1:
        first += max(1, round((bars - first) * (1 - PROMPT_EVENTS / len(rows))))
        first = min(first, bars - 1)
        rows = rows_from(first)
    while not len(rows):        # silence at the end: what came before it
        first -= 1
        rows = rows_from(first)
    return first, rows


def _steps_between(score: Score, first: int, last: int) -> int:
    """Steps from the line of bar `first` to that of bar `last`."""
    grid = unpack(score).grid
    return (bar_tick(grid, last) - bar_tick(grid, first)) // ev.TICKS
