"""How fast takes come: against `generate` of transformers with the same weights, and in seconds of music.

All that is compared is measured in turn, round after round, and the medians are given: what else the machine
does meanwhile slows everybody.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

import numpy as np
import torch

from model import checkpoint, engine, peers
from model.checkpoint import Checkpoint
from model.generator import Generator, Take
from model.growing import Growing
from model.library import Piece, prompts
from model.live import Broadcast, Growth, Sketch
from model.live_sound import Gauge
from model.networks import build
from model.plan import Plan
from model.pool import Pool
from model.sampling import Sampling
from model.score import Score, bar_seconds
from model.settings import Settings, Start, sampling
from model.workers import Job, Reading

PUBLISHED = "published"
SPELT_LIKE = "segue-small"      # whose tokens a network of chance speaks, where no published one ships
TAKES = 4
LONG = 64                       # bars: more than any round fills
BARS = 16
PROBE = 8                       # tokens by which the best number of threads is chosen
COMPARED = ("ours_1", "ours_4", "transformers_1", "transformers_4")
READING_S = 1.0                 # time for reading a prompt, before anybody presses Continue
AS_PUBLISHED = Sampling()       # temperature 0.5, the 15 likeliest, no 6 tokens twice
SETTINGS = Settings(bars=BARS)
# Not among the training music: a rag, a trio sonata, a piano trio, a song.
PIECES = ("joplin/maple_leaf_rag.mxl", "corelli/opus3no1/1grave.xml", "schumann_clara/opus17/movement3.xml",
          "schubert/Lindenbaum.xml")
PROMPT = "beethoven/opus18no4.mxl"      # of the comparison: 977 tokens of segue-small


def bench(system: str | Path | None, against: str | Path | None, folder: Path, prompt_tokens: int = 512,
          tokens: int = 256, rounds: int = 3) -> dict:
    """Measure a system (None: the default), and the token checkpoint `against` (None: the published one, or a
    network of chance in its shape) with two engines.

    folder: where excerpts are kept. ValueError: a number below 1, or `against` has no tokens.

    Returns
    -------
    tokens_per_s: medians of `rounds` rounds, from the first new token to the last, after a prompt of
        `prompt_tokens`: one take (ours on one thread) and TAKES at once (ours in as many workers as cores,
        transformers in one batch), transformers with the number of threads that suits it best.
    notes_per_s, music_s_per_s: of one take of the system on one thread; notes_per_s of transformers: in what
        it made of `against`.
    first_sound_s: median wait for the first bar's sound, from asking for a take on.
    busy_share: our speed with another busy process a core, over that alone. cores, checkpoint_sha256 (of the
        system), and so on. None, and a sentence in `missing`, for what could not be measured.
    """
    for name, value in (("prompt_tokens", prompt_tokens), ("tokens", tokens), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"{name} is at least 1; received {value}.")
    ready = checkpoint.load(system)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _same_weights(against) as same:
            found = _against(same, folder, prompt_tokens, tokens, rounds)
        notes, seconds = _music(ready, folder, rounds)
        first = _first_sound(ready, folder, rounds)
    finally:
        torch.set_num_threads(threads)
    theirs = found.pop("notes")
    return found | {
        "notes_per_s": {"ours": _rounded(notes), "transformers": _rounded(theirs)},
        "notes_ratio": _ratio(notes, theirs), "music_s_per_s": _rounded(seconds),
        "first_sound_s": _rounded(first, 3),
        "rounds": rounds, "cores": os.cpu_count(), "system": ready.name, "checkpoint_sha256": ready.sha256}


@contextmanager
def _same_weights(against: str | Path | None) -> Iterator[Checkpoint]:
    """The token checkpoint that both engines play."""
    if against is None and PUBLISHED not in checkpoint.names():
        layout = checkpoint.load_layout(checkpoint.folder_of(SPELT_LIKE))
        network = build(layout.network, {"window": 1024, **layout.shape})
        network.initialise(torch.Generator().manual_seed(0))
        with tempfile.TemporaryDirectory() as folder:
            checkpoint.save(Path(folder), layout, network, {})
            yield replace(checkpoint.load(folder), name="chance")
        return
    ready = checkpoint.load(against or PUBLISHED)
    if ready.layout.network != "transformer":
        raise ValueError(f"What transformers can play, too, has tokens; received {ready.name}.")
    yield ready


def _against(same: Checkpoint, folder: Path, prompt_tokens: int, tokens: int, rounds: int) -> dict:
    """Both engines with the same weights. notes: of transformers, in a second."""
    score = next(piece for piece in prompts(folder) if piece.excerpt.file == PROMPT).score()
    plan = same.layout.from_prompt(score, 0, True)
    plan = replace(plan, given=plan.given[:prompt_tokens], rules=replace(plan.rules, opening=()))
    fast = engine.fast(same.network)
    made: list[np.ndarray] = []
    try:
        twin, missing = peers.mistral(same.network), None
    except ImportError:
        twin, missing = None, "transformers is not installed; it comes with requirements-dev.txt."

    def theirs(takes: int, threads: int, tokens: int = tokens) -> float:
        torch.set_num_threads(threads)
        speed, ids = peers.generate(twin, plan.given, AS_PUBLISHED, tokens + 1, takes, seed=len(made))
        torch.set_num_threads(1)
        made.append(ids)
        return speed

    with closing(Pool(same.folder)) as pool:
        pool.read(Reading(plan.given))
        ways: dict[str, Callable[[], float]] = {
            "ours_1": lambda: _one(fast, same, plan, tokens),
            "busy_1": lambda: _busy(lambda: _one(fast, same, plan, tokens)),
            "ours_4": lambda: _several(pool, plan, tokens),
        }
        best = {}
        for takes in (1, TAKES) if twin else ():
            best[takes] = max({1, os.cpu_count() or 1}, key=lambda threads: theirs(takes, threads, PROBE))
            ways[f"transformers_{takes}"] = partial(theirs, takes, best[takes])
        _several(pool, plan, PROBE)     # the workers have started
        found = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    speeds = {name: statistics.median(one[name] for one in found) for name in ways}
    share = same.layout.notes(np.concatenate(made, axis=None)) / sum(map(np.size, made)) if made else None
    return {
        "tokens_per_s": {name: _rounded(speeds.get(name)) for name in COMPARED},
        "ratio_1": _ratio(speeds["ours_1"], speeds.get("transformers_1")),
        "ratio_4": _ratio(speeds["ours_4"], speeds.get("transformers_4")),
        "transformers_threads": {str(takes): threads for takes, threads in best.items()} or None,
        "notes": share and speeds["transformers_1"] * share,
        "busy_share": _ratio(speeds["busy_1"], speeds["ours_1"]),
        "against": same.name, "against_sha256": same.sha256,
        "parameters": sum(p.numel() for p in same.network.parameters()),
        "prompt_tokens": len(plan.given), "tokens": tokens, "missing": missing,
    }


def _one(fast: object, ready: Checkpoint, plan: Plan, steps: int) -> float:
    """Steps a second of one take, from the first new one to the last."""
    times: list[float] = []

    def heard(new: list, share: float) -> bool:
        times.extend([time.perf_counter()] * len(new))
        return len(times) <= steps

    ready.layout.generate(fast, plan.given, plan.rules, AS_PUBLISHED, bars=LONG, seed=0, heard=heard)
    return (len(times) - 1) / (times[-1] - times[0])


def _several(pool: Pool, plan: Plan, steps: int) -> float:
    """Steps a second of TAKES at once, all that it takes included."""
    made: list[int] = []

    def play(seed: int) -> None:
        came = 0

        def heard(first: int, new: np.ndarray, share: float) -> None:
            nonlocal came
            came = first + len(new)

        job = Job(plan.given, plan.rules, AS_PUBLISHED, LONG, seed)
        made.append(len(pool.run(job, lambda: came > steps, heard)[0]))

    threads = [Thread(target=play, args=(seed,)) for seed in range(TAKES)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(made) / (time.perf_counter() - began)


def _busy(way: Callable[[], float]) -> float:
    """The same while another process a core does nothing but keep it busy."""
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
    try:
        time.sleep(0.3)
        return way()
    finally:
        for other in others:
            other.kill()
            other.wait()


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


def _ratio(a: float, b: float | None) -> float | None:
    return b and _rounded(a / b, 2)


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
