"""What a visitor may wish new music to be like; needs no MIDI library."""

from dataclasses import dataclass

ANY = ""            # no style in particular


@dataclass(frozen=True)
class Wishes:
    """style: one of the layout's `styles`, or ANY. density: notes a bar, 0 for any."""

    style: str = ANY
    density: int = 0


FREE = Wishes()
