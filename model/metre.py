"""Metres and the grid of bars: which bars the model can hold, and where each one begins.

Times are ticks at TPQ = 480 ticks a quarter note. A signature is (tick, numerator, denominator). A *grid* is
a list of signatures that begins at tick 0, uses only METRES, and changes only where a bar ends.
"""

from bisect import bisect_right
from collections.abc import Iterable

TPQ = 480
Signature = tuple[int, int, int]

# The metres of the model's vocabulary, and how many ticks one bar of each lasts.
METRES: dict[tuple[int, int], int] = {
    **{(n, 4): n * TPQ for n in range(1, 7)},
    **{(n, 8): n * TPQ // 2 for n in (3, 6, 12)},
}
COMMON = (4, 4)

STEPS = 12                          # a quarter: the finest that the layouts hold
TICKS = TPQ // STEPS                # a step
# A change that misses a bar line by less than a 32nd note is a rounding error of whoever wrote the file.
_SNAP = TPQ // 8
_BY_TICKS = {ticks: metre for metre, ticks in reversed(METRES.items())}   # of equal lengths, quarters win
_COMPOUND = {TPQ * 3 // 2: (3, 8), TPQ * 3: (6, 8), TPQ * 6: (12, 8)}     # 6/16, 12/16, 24/16
_LONGEST_FIRST = sorted(METRES.items(), key=lambda item: (-item[1], item[0][1]))


def hold(numerator: int, denominator: int) -> tuple[tuple[int, int], str]:
    """The metre in METRES that stands for a written one, and a notice ("" if the bars stay the same).

    A bar of equal length keeps its bar lines (2/2 becomes 4/4, 3/2 becomes 6/4). A bar of two or three times
    a known length is counted as two or three bars (4/2, 9/8). Any other is read as 4/4, its bar lines lost.
    """
    if (numerator, denominator) in METRES:
        return (numerator, denominator), ""
    if numerator < 1 or denominator < 1:
        return COMMON, "A time signature made no sense; 4/4 is used instead."
    ticks, rest = divmod(4 * TPQ * numerator, denominator)
    if not rest:
        if denominator > 8 and numerator % 3 == 0 and ticks in _COMPOUND:
            return _COMPOUND[ticks], ""
        if ticks in _BY_TICKS:
            return _BY_TICKS[ticks], ""
        for metre, length in _LONGEST_FIRST:
            if ticks in (2 * length, 3 * length):
                return metre, (f"Each bar of {numerator}/{denominator} is counted as {ticks // length} bars "
                               f"of {metre[0]}/{metre[1]}.")
    return COMMON, f"The model does not know {numerator}/{denominator}; it is read as bars of 4/4."


def align(signatures: Iterable[Signature]) -> tuple[list[Signature], list[str]]:
    """A grid from signatures as written, in any order, at any tick >= 0; and notices about what changed.

    A change inside a bar ends that bar early where a metre of that length exists (an upbeat, say), and
    otherwise waits for the next bar line.
    """
    grid: list[Signature] = [(0, *COMMON)]
    notices: list[str] = []
    for tick, numerator, denominator in sorted(signatures, key=lambda s: s[0]):
        metre, notice = hold(numerator, denominator)
        if notice and notice not in notices:
            notices.append(notice)
        begin, *current = grid[-1]
        tick = max(tick, begin)            # an earlier change may have been put off past this one
        if tuple(current) == metre:
            continue
        length = METRES[tuple(current)]
        over = (tick - begin) % length
        if over <= _SNAP:
            tick -= over
        elif length - over <= _SNAP or over not in _BY_TICKS:
            tick += length - over
        else:
            _change(grid, tick - over, _BY_TICKS[over])
        _change(grid, tick, metre)
    return grid, notices


def _change(grid: list[Signature], tick: int, metre: tuple[int, int]) -> None:
    if grid[-1][0] == tick:
        grid.pop()
    if not grid or grid[-1][1:] != metre:
        grid.append((tick, *metre))


def bar_at(grid: list[Signature], tick: int) -> tuple[int, int]:
    """The bar in which a tick lies: its number from 0, and the tick where it begins."""
    number, begin, length = _segments(grid)[bisect_right(grid, tick, key=lambda s: s[0]) - 1]
    bars = (tick - begin) // length
    return number + bars, begin + bars * length


def bar_lines(grid: list[Signature], bars: int) -> list[int]:
    """The ticks where the first ``bars`` bars begin, and where the last of them ends: bars + 1 ticks."""
    lines, segments = [], _segments(grid)
    for index, (number, begin, length) in enumerate(segments):
        stop = segments[index + 1][0] if index + 1 < len(segments) else bars + 1
        lines += [begin + bar * length for bar in range(min(stop, bars + 1) - number)]
    return lines


def bar_tick(grid: list[Signature], bar: int) -> int:
    """The tick where a bar begins; past the last signature its metre goes on for ever."""
    segments = _segments(grid)
    number, begin, length = segments[bisect_right(segments, bar, key=lambda s: s[0]) - 1]
    return begin + (bar - number) * length


def _segments(grid: list[Signature]) -> list[tuple[int, int, int]]:
    """(number of its first bar, tick where it begins, ticks a bar) of every signature of a grid."""
    segments, number = [], 0
    for index, (tick, *metre) in enumerate(grid):
        if index:
            _, begin, length = segments[-1]
            number += (tick - begin) // length
        segments.append((number, tick, METRES[tuple(metre)]))
    return segments
