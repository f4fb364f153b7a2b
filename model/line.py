"""Who waits for a worker: parties in turn, each served one ticket at a time. No threads, no clock."""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable, Sequence


class Line:
    """Round robin over parties: one with many tickets does not hold up another with one.

    Within a party tickets are served in order of arrival; a new party joins behind all others.
    """

    def __init__(self) -> None:
        self._parties: OrderedDict[Hashable, deque] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._parties.values()))

    def join(self, party: Hashable, ticket: object, first: bool = False) -> None:
        """Wait; `first`: before everybody else, for what was lost on the way."""
        waiting = self._parties.setdefault(party, deque())
        if first:
            waiting.appendleft(ticket)
            self._parties.move_to_end(party, last=False)
        else:
            waiting.append(ticket)

    def serve(self) -> object:
        """The ticket whose turn it is; its party goes behind the others. KeyError: nobody waits."""
        party, waiting = self._parties.popitem(last=False)
        ticket = waiting.popleft()
        if waiting:
            self._parties[party] = waiting
        return ticket

    def leave(self, party: Hashable, ticket: object) -> None:
        """Wait no longer. KeyError or ValueError: the ticket does not wait."""
        waiting = self._parties[party]
        waiting.remove(ticket)
        if not waiting:
            del self._parties[party]

    def ahead(self, party: Hashable) -> list | None:
        """The tickets that are served before the party's next one; None where it does not wait."""
        if party not in self._parties:
            return None
        before = []
        for other, waiting in self._parties.items():
            if other == party:
                break
            before.append(waiting[0])
        return before


def expected_wait(busy_s: Iterable[float], ahead_s: Sequence[float]) -> float:
    """Seconds until a worker is free for whoever has `ahead_s` before them, each job by how long it takes.

    busy_s: for every worker, how long it is still busy.
    """
    free = list(busy_s)
    heapq.heapify(free)
    for seconds in ahead_s:
        heapq.heapreplace(free, free[0] + seconds)
    return free[0]
