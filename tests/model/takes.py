"""How tests of takes play them."""

import time
from dataclasses import replace

from model.generator import Generator, Take
from model.settings import Settings

LIVELY = Settings(temperature=1.0, top_k=0, no_repeat_ngram=0, bars=3, prompt_bars=4)
LONG = replace(LIVELY, bars=64)


def play(generator: Generator, prompt, settings=LIVELY, takes=1, stop=None) -> list[Take]:
    made = [event for event in generator.stream(prompt, settings, takes, stop) if isinstance(event, Take)]
    return sorted(made, key=lambda take: take.index)


def until(true, seconds: float = 20) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()
