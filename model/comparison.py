"""Ours and other programs with the same weights, measured in turn.

Round after round everybody plays once, and the medians are given: what else the machine does meanwhile slows
everybody.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np

from model import checkpoint, engine, peers
from model.checkpoint import Checkpoint
from model.library import prompts
from model.peers.peer import Peer
from model.plan import Plan
from model.pool import Pool
from model.sampling import Sampling
from model.workers import Job, Reading

PUBLISHED = "published"
TAKES = 4
LONG = 64                       # bars: more than any round fills
PROBE = 32                      # tokens, at most, by which the best number of threads is chosen
COMPARED = ("ours_1", "ours_4", "transformers_1", "transformers_4")
AS_PUBLISHED = Sampling()       # temperature 0.5, the 15 likeliest, no 6 tokens twice
PROMPT = "beethoven/opus18no4.mxl"      # 957 of its tokens


def same_weights(against: str | Path | None) -> Checkpoint:
    """The checkpoint that everybody plays; the published network if none is named. ValueError: no tokens."""
    ready = checkpoint.load(against or PUBLISHED)
    if ready.layout.network != "transformer":
        raise ValueError(f"What others can play, too, has tokens; received {ready.name}.")
    return ready


class _Other:
    """A peer, its best number of threads, and all ids that it has made."""

    def __init__(self, peer: Peer, prompt: np.ndarray, takes: int, tokens: int) -> None:
        self.peer, self.takes = peer, takes
        self._prompt, self._tokens = prompt, tokens
        self.made: list[np.ndarray] = []
        speeds = {threads: self._speed(min(tokens, PROBE), threads) for threads in {1, os.cpu_count() or 1}}
        self.threads = max(speeds, key=speeds.get)

    def speed(self) -> float:
        """Tokens a second of all its takes together, from the first new one to the last."""
        return self._speed(self._tokens, self.threads)

    def _speed(self, tokens: int, threads: int) -> float:
        speed, ids = self.peer.play(self._prompt, AS_PUBLISHED, tokens + 1, takes=self.takes, threads=threads,
                                    seed=len(self.made))
        self.made.append(ids)
        return speed


def compare(same: Checkpoint, folder: Path, prompt_tokens: int, tokens: int, rounds: int) -> dict:
    """What bench.py says of a checkpoint with tokens and its peers; notes: a second, of transformers.

    peers: of each that is installed one take's tokens_per_s, on as many threads as suit it best, and version.
    """
    score = next(piece for piece in prompts(folder) if piece.excerpt.file == PROMPT).score()
    plan = same.layout.from_prompt(score, 0, True)
    plan = replace(plan, given=plan.given[:prompt_tokens], rules=replace(plan.rules, opening=()))
    fast = engine.fast(same.network)
    installed, missing = peers.installed(same.network, len(plan.given) + tokens + 1)
    others = {f"{name}_{takes}": _Other(peer, plan.given, takes, tokens) for name, peer in installed.items()
              for takes in ((1, TAKES) if peer.together else (1,))}
    with closing(Pool(same.folder)) as pool:
        pool.read(Reading(plan.given))
        ways: dict[str, Callable[[], float]] = {
            "ours_1": lambda: _one(fast, same, plan, tokens),
            "busy_1": lambda: _busy(lambda: _one(fast, same, plan, tokens)),
            "ours_4": lambda: _several(pool, plan, tokens),
        } | {name: other.speed for name, other in others.items()}
        _several(pool, plan, PROBE)     # the workers have started
        found = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    speeds = {name: statistics.median(one[name] for one in found) for name in ways}
    generated = {other.takes: other for other in others.values() if other.peer.together}
    return {
        "tokens_per_s": {name: rounded(speeds.get(name)) for name in COMPARED},
        "ratio_1": ratio(speeds["ours_1"], speeds.get("transformers_1")),
        "ratio_4": ratio(speeds["ours_4"], speeds.get("transformers_4")),
        "transformers_threads": {str(takes): other.threads for takes, other in generated.items()} or None,
        "notes": _notes(same, generated.values(), speeds.get("transformers_1")),
        "busy_share": ratio(speeds["busy_1"], speeds["ours_1"]),
        "peers": {other.peer.name: {"tokens_per_s": rounded(speeds[name]), "threads": other.threads,
                                    "version": other.peer.version}
                  for name, other in others.items() if other.takes == 1},
        "against": same.name, "against_sha256": same.sha256,
        "parameters": sum(p.numel() for p in same.network.parameters()),
        "prompt_tokens": len(plan.given), "tokens": tokens, "missing": " ".join(missing) or None,
    }


def _notes(same: Checkpoint, others: Iterable[_Other], tokens_per_s: float | None) -> float | None:
    """Notes a second at so many tokens, by the share that notes have in what others made."""
    if tokens_per_s is None:
        return None
    made = np.concatenate([ids.ravel() for other in others for ids in other.made])
    return tokens_per_s * same.layout.notes(made) / made.size


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


def ratio(a: float, b: float | None) -> float | None:
    """a / b to three decimals; None where there was no b to compare with."""
    return b and rounded(a / b, 3)


def rounded(value: float | None, digits: int = 1) -> float | None:
    """A value to so many digits; None where there is none."""
    return None if value is None else round(value, digits)
