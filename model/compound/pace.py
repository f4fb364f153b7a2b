"""Pace: how a wish for so many notes a bar is kept to while a take is made.

The network alone does not keep to it. So a time of t steps to the next event is made e^(debt t / beat) times
as likely, where debt is how many notes there are above (or, negative, below) those wished for until now. Of
all distributions with the mean that this gives, it is the one nearest to the network's own (exponential
tilting; Csiszar 1975, section 3), but that a longer wait than a beat is worth no more than a beat: rhythm
stays what it is where the wish leaves room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.compound import events as ev
from model.metre import STEPS

FIRMNESS = 1.0              # nats a beat for each note of debt (docs/experiments.md)
_MOST = 6.0                 # nats


@dataclass(frozen=True)
class Pace:
    """density: notes a bar that are wished for, at least 1. bar: its steps."""

    density: int
    bar: int

    def lean(self, notes: int, steps: int) -> np.ndarray:
        """What is added to the logits of the next time, (LONGEST + 1,), after so many new notes in so many
        steps (below 0: before the new music begins)."""
        debt = notes - self.density * max(steps, 0) / self.bar
        beat = max(STEPS, self.bar / self.density)      # or the mean wait that is wished for
        return np.clip(FIRMNESS * debt, -_MOST, _MOST) * np.minimum(np.arange(ev.LONGEST + 1) / beat, 1)
