"""How often one client may ask: a token bucket a client and kind of request, kept in memory only.

A bucket holds `burst` requests and refills at `per_second` (the token bucket of RFC 2697's meters). Who the
client is, is not kept: its network address is hashed under a key that this process drew when it began and
nobody ever sees, and a bucket that is full again says nothing any more and is dropped. An IPv6 client is its
/64, of which one household has all. Behind a proxy the address is the participant's if uvicorn trusts the
proxy (FORWARDED_ALLOW_IPS); each process counts for itself.
"""

from __future__ import annotations

import ipaddress
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

_SWEEP_S = 60.0


@dataclass(frozen=True)
class Rate:
    """So many requests at once, and so many a second in the long run."""

    burst: float
    per_second: float


class Throttle:
    """The buckets of one process. Safe for threads. `rates` by kind of request; `clock` gives seconds."""

    def __init__(self, rates: Mapping[str, Rate], clock: Callable[[], float] = time.monotonic):
        self._rates = rates
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, bytes], tuple[float, float]] = {}    # (requests left, at)
        self._swept = clock()

    def wait(self, what: str, client: str) -> float:
        """Takes one request from a client's bucket. 0, or the seconds to wait when it is empty."""
        rate, key = self._rates[what], (what, self._hashed(client))
        with self._lock:
            now = self._clock()
            self._sweep(now)
            left, at = self._buckets.get(key, (rate.burst, now))
            left = min(rate.burst, left + (now - at) * rate.per_second)
            if left < 1:
                return (1 - left) / rate.per_second
            self._buckets[key] = left - 1, now
            return 0.0

    def refusal(self, what: str, scope: Scope) -> Response | None:
        """429 for a request that comes too soon, saying when to try again."""
        wait = self.wait(what, (scope.get("client") or ("",))[0])
        if not wait:
            return None
        headers = {"Retry-After": str(math.ceil(wait)), "Cache-Control": "no-store"}
        return PlainTextResponse(self.said(scope), 429, headers)

    def said(self, scope: Scope) -> str:
        """What a refusal says to whoever sent the request."""
        return "That is too much at once; please try again in a moment."

    def __len__(self) -> int:
        return len(self._buckets)

    def _hashed(self, client: str) -> bytes:
        return blake2b(_network(client).encode("utf-8", "replace"), key=self._key, digest_size=16).digest()

    def _sweep(self, now: float) -> None:
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        self._buckets = {key: (left, at) for key, (left, at) in self._buckets.items()
                         if left + (now - at) * self._rates[key[0]].per_second < self._rates[key[0]].burst}


def _network(client: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address if address.version == 4 else address.ipv4_mapped)
