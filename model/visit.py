"""What visitors of the Compose page have chosen. No Gradio.

Choices come from the browser as anybody may send them; what cannot be used is a ValueError of one sentence.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from model.catalogue import Catalogue, Prompt
from model.score import Score, bar_seconds, cut_bars
from model.settings import RANGES, Start

BARS, SECONDS = "bars", "seconds"
LENGTHS = 5, 180        # seconds
SHELF, FILE, NOTHING = "From the library", "Your own file", "From nothing"


@dataclass(frozen=True)
class Visit:
    """What one visitor begins with; kept on the server."""

    source: str = SHELF
    piece: str = ""                 # id in the catalogue; "" for its first
    file: Prompt | None = None

    def prompt(self, catalogue: Catalogue) -> Prompt | None:
        """The music to continue, if there is any yet."""
        if self.source == NOTHING:
            return None
        if self.source == FILE:
            return self.file
        cards = catalogue.cards()
        return catalogue.prompt(self.piece) or (cards[0].prompt if cards else None)

    def origin(self, catalogue: Catalogue, programs: list, tempo: float,
               first: float = 1) -> tuple[Score | Start, str]:
        """What the generator begins with, and its name. first: the bar, from 1, that a prompt begins with."""
        if self.source == NOTHING:
            chosen = tuple(dict.fromkeys(int(program) for program in programs or ()))
            if not chosen:
                raise ValueError("Please choose at least one instrument.")
            return Start(chosen, float(tempo)), "Out of nothing"
        prompt = self.prompt(catalogue)
        if prompt is None:
            what = "a MIDI file" if self.source == FILE else "a piece"
            raise ValueError(f"Please choose {what} first.")
        if first not in range(1, prompt.bars + 1):
            raise ValueError(f"This prompt begins with one of its bars 1 to {prompt.bars}; received {first}.")
        if first == 1:
            return prompt.score, prompt.title
        return cut_bars(prompt.score, int(first) - 1, prompt.bars), f"{prompt.title}, from bar {int(first)}"


def bars_of(length: float, unit: str, origin: Score | Start, used: int) -> int:
    """How many bars a length is: of SECONDS, the bars that last nearest to it in the tempo and the metre with
    which the first `used` bars of the origin end; one at least, and no more than RANGES allow."""
    if unit == BARS:
        return int(length)
    if unit != SECONDS:
        raise ValueError(f"A length is counted in {BARS} or in {SECONDS}; received '{unit}'.")
    low, high = LENGTHS
    if not low <= length <= high:
        raise ValueError(f"A length in seconds goes from {low} to {high}; received {length}.")
    if isinstance(origin, Start):
        a_bar = 4 * 60 / origin.tempo
    else:
        last = bar_seconds(origin, max(used, 1))
        a_bar = float(last[-1] - last[-2])
    least, most = RANGES["bars"]
    return min(max(round(length / a_bar), least), most)


def seed_of(text: str | None, chance: random.Random) -> int:
    """The seed that a visitor wrote, or one by chance where none is written."""
    written = (text or "").strip()
    if not written:
        return chance.randrange(1_000_000)
    low, high = RANGES["seed"]
    if not (written.isascii() and written.isdecimal() and len(written) <= 10 and int(written) <= high):
        raise ValueError(f"A seed is a whole number from {low} to {high}; received {written[:40]!r}.")
    return int(written)
