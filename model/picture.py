"""A score as a picture: the piano roll that the browser draws, and a small SVG for a card."""

from collections.abc import Iterator
from itertools import pairwise

from model.metre import bar_tick
from model.score import Score, roll

VOICES = 8                          # colours of static/segue.css; more instruments take them in turn
THUMB_WIDTH, THUMB_HEIGHT = 240, 64


def picture(score: Score) -> dict:
    """``model.roll`` made ready to be drawn.

    Tracks come in the order in which they enter, drums last: a take then shows the instruments of its prompt
    in the prompt's colours. "beats" are the beats between the bar lines in seconds, as the metre counts them:
    6/8 and 12/8 in dotted quarters, every other metre in its lower number.
    """
    music = roll(score)
    music["tracks"].sort(key=lambda track: (track["drum"], track["notes"][0][0], track["program"]))
    grid = [(sign.time, sign.numerator, sign.denominator) for sign in score.time_signatures] or [(0, 4, 4)]
    beats: list[float] = []
    for bar, (start, end) in enumerate(pairwise(music["bars"])):
        tick = bar_tick(grid, bar)
        _, top, low = [sign for sign in grid if sign[0] <= tick][-1]
        count = top // 3 if low == 8 and top > 3 and top % 3 == 0 else top
        beats += [round(start + (end - start) * beat / count, 4) for beat in range(1, count)]
    return {**music, "beats": beats}


def thumbnail(music: dict) -> str:
    """A ``picture`` as SVG, 240 by 64 units, one path an instrument; colours come from the style sheet.

    Drums are left out: at this size they are noise.
    """
    voices = [(index, track["notes"]) for index, track in enumerate(music["tracks"]) if not track["drum"]]
    pitches = [note[2] for _, notes in voices for note in notes] or [60]
    low, high = min(pitches), max(pitches)
    across = (THUMB_WIDTH - 4) / max(music["duration"], 0.1)
    down = (THUMB_HEIGHT - 8) / max(high - low, 18)
    middle = (THUMB_HEIGHT + (high - low) * down) / 2
    paths = "".join(f'<path class="voice-{index % VOICES + 1}" d="{path}"/>' for index, path in (
        (index, "".join(_strokes(notes, across, down, low, middle))) for index, notes in voices))
    return (f'<svg class="thumb" viewBox="0 0 {THUMB_WIDTH} {THUMB_HEIGHT}" preserveAspectRatio="none" '
            f'aria-hidden="true">{paths}</svg>')


def _strokes(notes: list, across: float, down: float, low: int, middle: float) -> Iterator[str]:
    for onset, duration, pitch, _ in notes:
        width = max(duration * across - 0.6, 0.8)
        yield f"M{2 + onset * across:.1f} {middle - (pitch - low) * down:.1f}h{width:.1f}"
