"""What an event is told of the music some bars ago, for one event and one sequence: compiled.

What networks/lookback.py says, of the last of the events that are kept.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from model.compound import events as ev
from model.networks import lookback as exact

_DISTANCES = np.array(exact.DISTANCES)
_FIRST = exact.FIRST.numpy()
_BAR_STEPS = exact.BAR_STEPS.numpy()
_KEY, _AT, _BEGUN, _LENGTH = exact.KEY, exact.AT, exact.BEGUN, exact.LENGTH
_WHAT = exact.INSTRUMENT            # and two columns more
_PLACE, _LONGEST = exact.PLACE, ev.LONGEST
_TIME, _INSTRUMENT, _PITCH, _DURATION = ev.TIME, ev.INSTRUMENT, ev.PITCH, ev.DURATION
_START, _METRE, _PLAYERS = ev.START, ev.METRE, ev.PLAYERS


@njit(cache=True)
def keep(kept: np.ndarray, here: int, step: np.ndarray) -> None:
    """Keep event `step`, int64 (7,), at `here` of kept, int64 (capacity, 7)."""
    row, kind = kept[here], step[_INSTRUMENT]
    if here:
        row[: _LENGTH + 1] = kept[here - 1, : _LENGTH + 1]
    else:
        row[: _LENGTH + 1] = 0
    row[_AT] += step[_TIME]
    if kind == _START:
        row[_BEGUN] = row[_AT]
    if kind == _METRE:
        row[_LENGTH] = _BAR_STEPS[min(step[_PITCH], _BAR_STEPS.size - 1)]
    row[_KEY] = max(row[_KEY], _key(row[_AT], step))
    row[_WHAT], row[_WHAT + 1], row[_WHAT + 2] = kind, step[_PITCH], step[_DURATION]


@njit(cache=True)
def add_looked_back(x: np.ndarray, table: np.ndarray, kept: np.ndarray, here: int, step: np.ndarray) -> None:
    """Add to x (width,) the rows of `table` (ROWS, width) that event `here`, which is kept, is told."""
    now, length = kept[here, _AT], kept[here, _LENGTH]
    for number in range(_DISTANCES.size):
        first, back = _FIRST[number], _DISTANCES[number] * length
        target = _key(now, step) - (back << _PLACE)
        found = np.searchsorted(kept[: here + 1, _KEY], target, side="right")
        there = back > 0 and now - back >= kept[here, _BEGUN]
        again = found > 0 and kept[found - 1, _KEY] == target
        until = kept[min(found, here), _AT] - (now - back)
        x += table[first[4] + (1 + again if there else 0)]
        if there and found < here and until <= _LONGEST:
            x += table[first[0] + until + 1]
            for column in range(3):
                x += table[first[1 + column] + kept[found, _WHAT + column] + 1]
        else:
            for column in range(4):
                x += table[first[column]]


@njit(cache=True)
def _key(at: int, step: np.ndarray) -> int:
    note = step[_INSTRUMENT] >= _PLAYERS
    return (at << _PLACE) + ((step[_INSTRUMENT] << 8) + step[_PITCH] if note else 0)
