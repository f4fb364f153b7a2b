"""Renders the sound of takes before anybody asks for it, so that switching to one need not wait."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable

from model.shelf import Shelf

MOST = 32               # takes that wait; of more, the first ones are rendered when they are asked for
_LOOK_S = 0.1
log = logging.getLogger(__name__)


class Ahead:
    """One piece of a shelf after the other, each begun only while nobody waits for sound."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._waiting: deque[str] = deque(maxlen=MOST)
        self._busy = False
        self._guard = threading.Lock()

    def render(self, tokens: Iterable[str]) -> None:
        """Has pieces rendered in a thread, in this order; whoever calls does not wait."""
        with self._guard:
            self._waiting.extend(tokens)
            if self._waiting and not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="ahead", daemon=True).start()

    def _work(self) -> None:
        while (token := self._next()) is not None:
            while self._shelf.asked:
                time.sleep(_LOOK_S)
            try:
                self._shelf.file(token, "take.mp3")
            except (KeyError, FileNotFoundError):       # it was cleared away
                pass
            except Exception:
                log.exception("A take could not be rendered ahead.")

    def _next(self) -> str | None:
        with self._guard:
            self._busy = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None
