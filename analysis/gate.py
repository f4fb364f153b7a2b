"""The password of the Research page: who may come in, and how often a wrong one may be tried.

The token that a visitor gets is random and lives in this process; a restart or twelve hours
end it. Nothing here knows how the page is drawn.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

FREE_TRIES = 3  # wrong passwords before a client must wait
LONGEST_WAIT_S = 60.0
FORGIVEN_AFTER_S = 900.0  # a client's wrong passwords are forgotten after this long without another
EVERYBODY_PER_MINUTE = 60  # wrong passwords from all clients together, against guessing from many addresses
LIFETIME_S = 12 * 3600.0


class Refused(Exception):
    """The visitor may not come in; the message is one sentence, shown to people as it is."""


class Gate:
    """Checks the password, hands out tokens and knows which are valid. Safe to use from several threads.

    ``clock`` counts seconds and never runs backwards.
    """

    def __init__(self, password: str, clock: Callable[[], float] = time.monotonic):
        if not password:
            raise ValueError("The Research page needs a password, and it is empty.")
        self._digest = _digest(password)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, float] = {}  # hash of the token -> when it expires
        self._wrong: dict[str, tuple[int, float]] = {}  # client -> wrong passwords in a row, time of the last
        self._recent: list[float] = []  # times of the wrong passwords of the last minute

    def enter(self, password: str, client: str) -> str:
        """A token for the right password; raises Refused for a wrong one, or one tried too soon.

        ``client`` says who asks (an address). After ``FREE_TRIES`` wrong passwords in a row each further
        one makes the client wait twice as long, up to ``LONGEST_WAIT_S``; until then even the right one is
        refused.
        """
        with self._lock:
            now = self._clock()
            self._forget(now)
            wait = self._wait(client, now)
            if wait > 0:
                raise Refused(f"Too many wrong passwords. Please try again in {max(1, round(wait))} seconds.")
            # Digests have one length and are compared in one time: neither tells how close a guess was.
            if not hmac.compare_digest(_digest(password), self._digest):
                count, _ = self._wrong.get(client, (0, now))
                self._wrong[client] = (count + 1, now)
                self._recent.append(now)
                raise Refused("That is not the password.")
            self._wrong.pop(client, None)
            token = secrets.token_urlsafe(32)
            self._tokens[_digest(token).hex()] = now + LIFETIME_S
            return token

    def admits(self, token: object) -> bool:
        """Whether ``token`` (anything a browser may send) was handed out here and is still valid."""
        if not isinstance(token, str):
            return False
        with self._lock:
            # Looked up by its hash, so that the time of the look-up says nothing about the token.
            return self._tokens.get(_digest(token).hex(), 0.0) > self._clock()

    def leave(self, token: object) -> None:
        """Make ``token`` invalid."""
        if isinstance(token, str):
            with self._lock:
                self._tokens.pop(_digest(token).hex(), None)

    def _wait(self, client: str, now: float) -> float:
        """Seconds until ``client`` may try again; 0 or less: now."""
        own = 0.0
        if client in self._wrong:
            count, last = self._wrong[client]
            if count >= FREE_TRIES:
                own = last + min(LONGEST_WAIT_S, 2.0 ** (count - FREE_TRIES + 1)) - now
        crowd = self._recent[0] + 60.0 - now if len(self._recent) >= EVERYBODY_PER_MINUTE else 0.0
        return max(own, crowd)

    def _forget(self, now: float) -> None:
        """Drop what no longer counts, so that strangers cannot fill the memory."""
        self._recent = [time for time in self._recent if time > now - 60.0]
        self._wrong = {who: tries for who, tries in self._wrong.items() if tries[1] > now - FORGIVEN_AFTER_S}
        self._tokens = {token: expiry for token, expiry in self._tokens.items() if expiry > now}


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
