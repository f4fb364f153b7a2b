"""Who comes in: newcomers to a prompt seldom enough, and everybody who was chosen for music from nothing.

A network that lets in whom it likes has too many players after some bars, and one that may let in nobody has
too few; so each newcomer that is drawn is let in by chance. From nothing the network leaves half of those
chosen silent; so each of them is called, the louder the longer it has waited.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from model.compound import events as ev
from model.compound.plan import Rules

CALL = 1.5          # nats for each bar that someone chosen has waited


class Entries:
    """The instruments of a take: how likely each is let in when it is drawn, and who is still waited for.

    given: int64 (n, 7). newcomers: how likely others than the prompt's are let in, 0-1. The piece does not
    end, nor change its pace, for only players are ever let in. bars: how many new ones there are.
    """

    bars = 0.0

    def __init__(self, given: np.ndarray, rules: Rules, newcomers: float) -> None:
        heard = given[ev.is_note(given), ev.INSTRUMENT]
        self.welcome = np.zeros(ev.CLASSES["instrument"])
        self.waiting = np.zeros(len(self.welcome), bool)
        if rules.players is None:
            self.welcome[ev.PLAYERS :] = newcomers if len(heard) else 1.0
            self.welcome[heard] = 1.0
        else:
            self.welcome[sorted(rules.players)] = 1.0
            self.waiting[sorted(rules.players)] = not len(heard)

    def copy(self) -> Entries:
        other = copy(self)
        other.welcome, other.waiting = self.welcome.copy(), self.waiting.copy()
        return other

    def lets_in(self, player: int, rng: np.random.Generator) -> bool:
        """Whether an instrument that was drawn plays."""
        chance = self.welcome[player]
        return bool(chance == 1 or (chance > 0 and rng.random() < chance))

    def came(self, player: int) -> None:
        """An instrument has played, and belongs."""
        self.welcome[player], self.waiting[player] = 1.0, False

    def call(self) -> np.ndarray:
        """What is added to the logits of the instruments, float (instruments,)."""
        return CALL * max(self.bars, 0.0) * self.waiting
