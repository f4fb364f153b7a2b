"""Prompt or start -> the ids that a network continues, and what it may say. Knows no networks.

The seam is found again by counting Bar tokens, so the ids hold exactly one for every bar that they stand for.
How the continuation opens is said in base tokens and left to the network to spell: byte pairs join a bar line
to what follows it, and the ids of a bare bar line and time signature do not occur in training.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from symusic import Score

from model.plan import Plan, played_by, used_bars
from model.remi.tokenizer import Tokenizer
from model.score import cut_bars

PROMPT_TOKENS = 1024


@dataclass(frozen=True)
class Rules:
    """opening: base tokens that the network begins with; forbidden: those it may not use after them."""

    opening: tuple[str, ...] = ()
    forbidden: frozenset[str] = frozenset()


def from_prompt(
    tokenizer: Tokenizer, prompt: Score, prompt_bars: int = 0, keep_instruments: bool = False
) -> Plan:
    """Continue the first `prompt_bars` bars (0: all) of a score, in the metre and tempo that they end with.

    With `keep_instruments` no other may play. ValueError when nothing in them can be heard by the model.
    """
    score, used = used_bars(prompt, prompt_bars)
    metre = f"{score.time_signatures[-1].numerator}/{score.time_signatures[-1].denominator}"
    ids, seen = _last_bars(tokenizer, score, used)
    ids = _whole_bars(tokenizer, ids, seen, metre)
    forbidden = _forbidden(tokenizer, metre, played_by(score) if keep_instruments else None)
    rules = Rules(("Bar_None", f"TimeSig_{metre}"), forbidden)
    return Plan(score, used, ids, seen, rules, score.tempos[-1].mspq)


def from_nothing(tokenizer: Tokenizer, programs: Iterable[int], tempo: float) -> Plan:
    """A first bar in 4/4 at a tempo (quarters a minute), by the chosen programs alone (128: drums)."""
    tempos = [base[0] for base in tokenizer.base if len(base) == 1 and base[0].startswith("Tempo_")]
    nearest = min(tempos, key=lambda token: abs(float(token.removeprefix("Tempo_")) - tempo))
    opening = ("Bar_None", "TimeSig_4/4", "Position_0", nearest)
    rules = Rules(opening, _forbidden(tokenizer, "4/4", programs))
    return Plan(None, 0, np.zeros(0, np.int64), 0, rules, round(60e6 / tempo))


def _last_bars(tokenizer: Tokenizer, score: Score, bars: int) -> tuple[np.ndarray, int]:
    """The ids of as many of the last bars as PROMPT_TOKENS hold, at least one; and how many these are.

    Without rests: one that crosses a bar line hides it.
    """

    def ids_from(bar: int) -> np.ndarray:
        return tokenizer.encode(cut_bars(score, bar, bars), rests=False)

    first, ids = 0, ids_from(0)
    if not len(ids):
        raise ValueError("A prompt has notes that the model can hear: drums, or pitches 21 to 109.")
    if len(ids) > PROMPT_TOKENS:
        first = bisect_left(range(bars - 1), True, key=lambda bar: len(ids_from(bar)) <= PROMPT_TOKENS)
        ids = ids_from(first)
    if len(ids) > PROMPT_TOKENS:    # of a single bar, its line and metre, and its end from an onset on
        head = 1 if len(tokenizer.base[ids[0]]) > 1 else 2
        onset = (i for i in range(len(ids) - PROMPT_TOKENS + head, len(ids))
                 if tokenizer.base[ids[i]][0].startswith("Position"))
        ids = np.concatenate([ids[:head], ids[next(onset, len(ids)):]])
    return ids, bars - first


def _whole_bars(tokenizer: Tokenizer, ids: np.ndarray, bars: int, metre: str) -> np.ndarray:
    """Exactly so many bars: encoding leaves out silent ones at the end, and quantising may move the last
    onset into the next one."""
    begun = np.cumsum(tokenizer.bars[ids])
    missing = bars - int(begun[-1]) if len(begun) else bars
    line = ("Bar_None", f"TimeSig_{metre}")
    spelt = [line] if line in tokenizer.base else [(token,) for token in line]
    silence = np.tile([tokenizer.base.index(base) for base in spelt], max(missing, 0))
    return np.concatenate([ids[begun <= bars], silence]).astype(np.int64)


def _forbidden(tokenizer: Tokenizer, metre: str, programs: Iterable[int] | None = None) -> frozenset[str]:
    """Base tokens that would leave the metre, the tempo or, where programs are chosen, these.

    Otherwise the no-repeat n-gram would change the metre, since after a bar line only a time signature may
    follow and the one in force is soon banned; and it would fill bars with changes of tempo.
    """
    every = {token for base in tokenizer.base for token in base}
    others = {token for token in every if token.startswith(("TimeSig_", "Tempo_"))} - {f"TimeSig_{metre}"}
    if programs is not None:
        chosen = {f"Program_{-1 if program == 128 else program}" for program in programs}
        others |= {token for token in every if token.startswith("Program_")} - chosen
    return frozenset(others)
