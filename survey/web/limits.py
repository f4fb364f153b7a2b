"""How often one client may ask something of a study (`model.Throttle`)."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Scope

from model import Rate, Throttle
from survey.web import refusals

# A classroom of 40 behind one address: all begin within a minute, answer within seconds of each other, and
# fetch two clips each in several ranges. Every bucket is full again, and forgotten, after at most three
# minutes.
RATES = {"start": Rate(90, 0.5), "act": Rate(300, 20), "clip": Rate(1_600, 80)}


class Limits(Throttle):
    """The buckets of one process for studies. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        super().__init__(RATES, clock)

    def said(self, scope: Scope) -> str:
        """What a refusal says, in the reader's language."""
        return refusals.sentence(scope, "http.too_often")
