"""How fast takes come: against others with the same weights (comparison.py), and in seconds of music."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import torch

from model import checkpoint, engine
from model.checkpoint import Checkpoint
from model.comparison import compare, ratio, rounded, same_weights
from model.generator import Generator, Take
from model.growing import Growing
from model.library import Piece, prompts
from model.live import Broadcast, Growth, Sketch
from model.live_sound import Gauge
from model.score import Score, bar_seconds
from model.settings import Settings, Start, sampling

BARS = 16
READING_S = 1.0                 # time for reading a prompt, before anybody presses Continue
SETTINGS = Settings(bars=BARS)
# Not among the training music: a rag, a trio sonata, a piano trio, a song.
PIECES = ("joplin/maple_leaf_rag.mxl", "corelli/opus3no1/1grave.xml", "schumann_clara/opus17/movement3.xml",
          "schubert/Lindenbaum.xml")


def bench(system: str | Path | None, against: str | Path | None, folder: Path, prompt_tokens: int = 512,
          tokens: int = 256, rounds: int = 3) -> dict:
    """Measure a system (None: the default), and the token checkpoint `against` (None: the published one) by
    ours and by its peers.

    folder: where excerpts are kept. ValueError: a number below 1, or `against` has no tokens.

    Returns
    -------
    tokens_per_s: medians of `rounds` rounds, from the first new token to the last, after a prompt of
        `prompt_tokens`: one take (ours on one thread) and TAKES at once (ours in as many workers as cores,
        transformers in one batch), transformers with the number of threads that suits it best.
    notes_per_s, music_s_per_s: of one take of the system on one thread; notes_per_s of transformers: in what
        it made of `against`.
    first_sound_s: median wait for the first bar's sound, from asking for a take on.
    busy_share: our speed with another busy process a core, over that alone. peers: see compare. cores,
        checkpoint_sha256 (of the system), and so on. What could not be measured is None, or left out of
        `peers`, with a sentence in `missing`.
    """
    for name, value in (("prompt_tokens", prompt_tokens), ("tokens", tokens), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"{name} is at least 1; received {value}.")
    ready = checkpoint.load(system)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = compare(same_weights(against), folder, prompt_tokens, tokens, rounds)
        notes, seconds = _music(ready, folder, rounds)
        first = _first_sound(ready, folder, rounds)
    finally:
        torch.set_num_threads(threads)
    theirs = found.pop("notes")
    return found | {
        "notes_per_s": {"ours": rounded(notes), "transformers": rounded(theirs)},
        "notes_ratio": ratio(notes, theirs), "music_s_per_s": rounded(seconds),
        "first_sound_s": rounded(first, 3),
        "rounds": rounds, "cores": os.cpu_count(), "system": ready.name, "checkpoint_sha256": ready.sha256}


def _music(ready: Checkpoint, folder: Path, rounds: int) -> tuple[float, float]:
    """Notes, and seconds of music, that a system makes in a second: medians over PIECES of one take on one
    thread, from its prompt, read already, to its last bar."""
    fast = engine.fast(ready.network)
    notes, seconds = [], []
    for piece in _pieces(folder):
        plan = ready.layout.from_prompt(piece.score(), SETTINGS.prompt_bars, True)
        prefix = ready.layout.prefill(fast, plan.given)
        bar_s = float(np.diff(bar_seconds(plan.score, plan.prompt_bars))[-1])
        for seed in range(rounds):
            began = time.perf_counter()
            steps, _ = ready.layout.generate(fast, plan.given, plan.rules, sampling(SETTINGS), bars=BARS,
                                             seed=seed, heard=lambda new, share: True, prefix=prefix)
            took = time.perf_counter() - began
            notes.append(ready.layout.notes(steps) / took)
            seconds.append(BARS * bar_s / took)
    return statistics.median(notes), statistics.median(seconds)


def _pieces(folder: Path) -> list[Piece]:
    return [piece for piece in prompts(folder) if piece.excerpt.file in PIECES]


def _first_sound(ready: Checkpoint, folder: Path, rounds: int) -> float:
    """Seconds from asking for a take to the first MP3 bytes of its first new bar: the median over PIECES.

    As on the page, the prompt was read, and its loudness measured, when it was chosen.
    """
    waits = []
    with Generator(ready.folder) as generator:
        list(generator.stream(Start(), replace(SETTINGS, bars=1), generator.workers))      # they have started
        for piece in _pieces(folder):
            seed = generator.prepare(piece.score(), SETTINGS)
            growth = Growth(piece.title, Sketch(seed.score, seed.seconds), Gauge())
            _ = growth.factor
            time.sleep(READING_S)
            for number in range(rounds):
                waits.append(_wait(generator, piece.score(), growth, number))
    return statistics.median(waits)


def _wait(generator: Generator, prompt: Score, growth: Growth, seed: int) -> float:
    """Seconds until the first new bar of one take is heard."""
    began, stop = time.perf_counter(), Event()
    for event in generator.stream(prompt, replace(SETTINGS, seed=seed), 1, stop, growing=True):
        whole = isinstance(event, Take)         # so fast that nothing was told of it before
        if whole or (isinstance(event, Growing) and event.bars):
            growth.now = Sketch(event.score, float(bar_seconds(event.score)[-1]) if whole else event.seconds)
            sound = Broadcast(growth, event.seam_s)
            while not sound.more():
                pass
            took = time.perf_counter() - began
            sound.close()
            stop.set()
            return took
    raise ValueError("A take of no bars has no first sound.")
