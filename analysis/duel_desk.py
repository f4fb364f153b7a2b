"""Shows the duels of the Compose page to a researcher who has come in, and hands them out as a file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import plotly.graph_objects as go

from analysis import duels
from analysis.clerk import ENDED, Told
from analysis.gate import Gate

FILE = "duels.csv"


class DuelDesk:
    """Asks the gate, then `answered` for the rows (see analysis.duels). Files may be served from `cache`."""

    def __init__(self, gate: Gate, answered: Callable[[], Sequence[duels.Row]], cache: Path):
        self._gate, self._answered, self._cache = gate, answered, cache

    def shown(self, token: object) -> tuple[str, go.Figure | None]:
        """Words and the figure. Told: not to strangers."""
        found = duels.numbers(self._rows(token))
        return duels.words(found), duels.figure(found)

    def file(self, token: object) -> str:
        """The path of a CSV file of all answers. Told: not to strangers, or there are none."""
        rows = self._rows(token)
        if not rows:
            raise Told("Nobody has played a duel yet.")
        place = self._cache / secrets.token_urlsafe(24)
        place.mkdir(parents=True)
        path = place / FILE
        path.write_text(duels.table(rows), encoding="utf-8", newline="")
        return str(path)

    def _rows(self, token: object) -> Sequence[duels.Row]:
        if not self._gate.admits(token):
            raise Told(ENDED)
        return self._answered()
