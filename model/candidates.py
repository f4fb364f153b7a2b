"""Candidates of which one becomes the take: made side by side, and brought into order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from model.score import count_bars

if TYPE_CHECKING:
    from model.generator import Take


def together(attempt: Callable[[int], Take | None], count: int) -> list[Take | None]:
    """What attempts 0 to count - 1 give, each in a thread. WorkerError, or whatever else went wrong, only if
    nothing came of any."""
    found: list[Take | Exception | None] = [None] * count

    def make(number: int) -> None:
        try:
            found[number] = attempt(number)
        except Exception as error:
            found[number] = error

    others = [threading.Thread(target=make, args=(number,), name="candidate_make", daemon=True)
              for number in range(1, count)]
    for thread in others:
        thread.start()
    make(0)
    for thread in others:
        thread.join()
    errors = [one for one in found if isinstance(one, Exception)]
    made = [one for one in found if not isinstance(one, Exception)]
    if errors and not any(made):
        raise errors[0]
    return made


def ranked(made: Sequence[Take]) -> list[Take]:
    """The best first: what is whole before what was broken off (of these, the longest), what is faultless
    before what is faulty, what has no slip before what has one, then by verdict; of equals the first."""
    def key(take: Take) -> tuple:
        length = 0 if take.complete else count_bars(take.score) - take.seam_bar
        return not take.complete, -length, bool(take.faults), bool(take.slips), -take.verdict.total

    return sorted(made, key=key)
