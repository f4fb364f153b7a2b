"""All measures of a checkpoint's continuations at one setting, beside people's and two baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from symusic import Score

from model.evaluation import copies, faults, intervals, ngrams, takes
from model.evaluation.baselines import Chain, markov, shuffled
from model.evaluation.cues import Heard, hear
from model.evaluation.distances import number, over_floor
from model.evaluation.features import SCALARS, Features, features
from model.evaluation.fingerprint import TrainingSet
from model.evaluation.listener import listen
from model.evaluation.passage import Passage, passage
from model.evaluation.pieces import Piece
from model.generator import Generator
from model.metrics import faults as guard
from model.originality import copied
from model.settings import Settings

SYSTEMS = ("model", "markov", "shuffled", "human")
LEAST = 4               # prompts below which sets cannot be compared
Progress = Callable[[str, int, int], None]


def evaluate_continuations(
    generator: Generator,
    pieces: Sequence[Piece],
    settings: Settings,
    *,
    learnt: dict[int, Chain] | None = None,
    training: TrainingSet | None = None,
    indexed: bool = False,
    cache: Path | None = None,
    seed: int = 0,
    raw: bool = True,
    progress: Progress = lambda what, done, total: None,
) -> dict:
    """Continue each piece once and compare with people's continuations, a Markov chain's and shuffled bars.

    pieces: four or more, all with the same numbers of bars. learnt: chains from `baselines.learn`; without
    them the chain knows the prompt alone. training: copied runs are looked for in it, exactly; without it in
    the fingerprints that ship, if it is `indexed` there; else `copies` is None. cache: a folder where takes
    are kept. raw: make unguarded takes, too, to count their faults; else the takes count as such. The same
    arguments give the same numbers. progress(what, done, total) is told what is going on.

    Returns prompts, settings, machine_listener_auc, feature_distance_over_floor, faults_per_1000 (with any
    fault), copied_run_p99 (notes), their intervals and parts (listener, features, faults, copies, ngrams),
    by_dataset, and each prompt's own numbers in `by_prompt`.
    """
    if len(pieces) < LEAST:
        raise ValueError(f"Continuations are compared on {LEAST} prompts or more; received {len(pieces)}.")
    pieces = list(pieces)
    made = takes.machine(generator, pieces, settings, cache, lambda n, all_: progress("Playing", n, all_))
    unguarded = made if not raw else takes.machine(
        generator, pieces, replace(settings, guard=False, best_of=1), cache,
        lambda n, all_: progress("Playing unguarded", n, all_))
    prompts = [passage(piece.prompt, piece.prompt_bars) for piece in pieces]
    asked = [features(prompt) for prompt in prompts]
    human = [takes.human(generator.layout, piece) for piece in pieces]
    rng = np.random.default_rng([seed, 1])
    scores: dict[str, list[Score]] = {
        "model": [one.score for one in made],
        "markov": [markov(piece.prompt, piece.prompt_bars, piece.bars, learnt or {}, rng)
                   for piece in pieces],
        "shuffled": [shuffled(score, piece.bars, rng) for score, piece in zip(human, pieces, strict=True)],
        "human": human,
    }
    heard = {}
    for done, system in enumerate(SYSTEMS, 1):
        heard[system] = [hear(score, piece.bars, prompt, its) for score, piece, prompt, its
                         in zip(scores[system], pieces, prompts, asked, strict=True)]
        progress("Measuring", done, len(SYSTEMS))
    groups = [piece.source for piece in pieces]
    listener, distances = {}, {}
    for done, system in enumerate(SYSTEMS[:-1], 1):
        mine, theirs = heard[system], heard["human"]
        listener[system] = listen([one.cues for one in mine], [one.cues for one in theirs], groups,
                                  np.random.default_rng([seed, 2]))
        distances[system] = over_floor([one.features for one in mine], [one.features for one in theirs],
                                       np.random.default_rng([seed, 3]))
        progress("Comparing", done, len(SYSTEMS) - 1)
    parts = {system: [one.part for one in several] for system, several in heard.items()}
    wrong = _faults(made, unguarded, scores, pieces, prompts, parts)
    runs = None
    if training is None and indexed:
        runs = {system: {"longest": np.array([copied(score).notes for score in several])}
                for system, several in scores.items()}
    if training is not None:
        flat, n = copies.longest_runs([part for one in SYSTEMS for part in parts[one]], training), len(pieces)
        runs = {system: {view: values[i * n : (i + 1) * n] for view, values in flat.items()}
                for i, system in enumerate(SYSTEMS)}
    counted = {name: faults.per_1000(several) for name, several in wrong.items()}
    repeated = _repeated(parts, prompts)
    by_prompt = _by_prompt(pieces, made, wrong, runs, repeated, listener)
    return {
        "prompts": len(pieces), "bars": pieces[0].bars, "prompt_bars": pieces[0].prompt_bars,
        "settings": {name: value for name, value in asdict(settings).items()
                     if name not in ("bars", "prompt_bars", "whistle")},
        "checkpoint": generator.system, "checkpoint_sha256": generator.checkpoint_sha256,
        "evaluation_seed": seed,
        "notes_per_take": number(np.mean([one.notes for one in made]), 1),
        "seconds_per_take": number(np.mean([one.elapsed_s for one in made]), 2),
        "machine_listener_auc": {system: one and one["auc"] for system, one in listener.items()},
        "machine_listener_ci95": {system: one and one["ci95"] for system, one in listener.items()},
        "feature_distance_over_floor": {name: one["ratio"]
                                        for name, one in distances["model"]["features"].items()},
        "feature_distance_mean_ratio": {system: one["mean_ratio"] for system, one in distances.items()},
        "faults_per_1000": {name: one["any"] for name, one in counted.items()},
        "faults": counted,
        "copies_method": "exact" if training else "fingerprints" if indexed else None,
        "copied_run_p99": runs and {system: round(float(np.percentile(one["longest"], 99)), 1)
                                    for system, one in runs.items()},
        "listener": {system: one and {key: value for key, value in one.items() if key != "scores"}
                     for system, one in listener.items()},
        "features": distances,
        "copies": runs and {system: copies.summary(one, np.random.default_rng([seed, 4]))
                            for system, one in runs.items()},
        "ngrams": {system: _means(rows, np.random.default_rng([seed, 5]))
                   for system, rows in repeated.items()},
        "by_dataset": _by_dataset(by_prompt, heard),
        "by_prompt": by_prompt,
    }


def _faults(made: Sequence[takes.Made], unguarded: Sequence[takes.Made], scores: dict[str, list[Score]],
            pieces: Sequence[Piece], prompts: Sequence[Passage],
            parts: dict[str, list[Passage]]) -> dict[str, list[tuple[str, ...]]]:
    """{"raw", "guarded", "markov", "human"}: the faults of each continuation. Raw are first attempts that
    nobody looked at."""
    least = faults.least_scale(parts["human"])
    first = [passage(one.score, piece.bars) for one, piece in zip(unguarded, pieces, strict=True)]
    found = {
        name: [(*known, *faults.more_faults(part, prompt, least, one.complete))
               for one, known, part, prompt in zip(several, before, heard, prompts, strict=True)]
        for name, several, before, heard in (
            ("raw", unguarded, [one.first_faults for one in unguarded], first),
            ("guarded", made, [one.faults for one in made], parts["model"]))}
    for system in ("markov", "human"):
        found[system] = [(*guard(score, piece.bars), *faults.more_faults(part, prompt, least))
                         for score, piece, part, prompt in
                         zip(scores[system], pieces, parts[system], prompts, strict=True)]
    return found


def _repeated(parts: dict[str, list[Passage]],
              prompts: Sequence[Passage]) -> dict[str, list[dict[str, float]]]:
    """By system and prompt: BLEU against the prompt and against the human continuation, shares of n-grams."""
    return {system: [{"bleu_prompt": ngrams.bleu(part, [prompt]),
                      **({} if system == "human" else {"bleu_human": ngrams.bleu(part, [theirs])}),
                      **ngrams.repetition(part, prompt)}
                     for part, prompt, theirs in zip(several, prompts, parts["human"], strict=True)]
            for system, several in parts.items()}


def _means(rows: Sequence[dict[str, float]], rng: np.random.Generator) -> dict[str, dict]:
    """Of each number its mean over prompts and a 95% interval."""
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows], float)
        values = values[np.isfinite(values)]
        found[name] = {"mean": number(values.mean()) if len(values) else None,
                       "ci95": intervals.ratio(values, np.ones(len(values)), rng) if len(values) else None}
    return found


def _by_prompt(pieces: Sequence[Piece], made: Sequence[takes.Made], wrong: dict, runs: dict | None,
               repeated: dict, listener: dict) -> list[dict]:
    rows = []
    for i, piece in enumerate(pieces):
        row = {"name": piece.name, "dataset": piece.dataset, "notes": made[i].notes,
               "retried": made[i].retried, "faults": list(wrong["guarded"][i]),
               "raw_faults": list(wrong["raw"][i]), "human_faults": list(wrong["human"][i])}
        if listener["model"]:
            row["machine_probability"] = {side: listener["model"]["scores"][key][i]
                                          for side, key in (("model", "machine"), ("human", "human"))}
        if runs:
            row["copied_run"] = {system: int(one["longest"][i]) for system, one in runs.items()}
        for system in SYSTEMS:
            row[f"{system}_ngrams"] = {name: number(value) for name, value in repeated[system][i].items()}
        rows.append(row)
    return rows


def _by_dataset(rows: Sequence[dict], heard: dict[str, list[Heard]]) -> dict[str, dict]:
    """Of each data set the numbers that a few prompts can bear: counts, means, faults, the longest copies."""
    found = {}
    for name in sorted({row["dataset"] for row in rows}):
        mine = [i for i, row in enumerate(rows) if row["dataset"] == name]
        one = {"prompts": len(mine), "faults": {
            "raw": faults.per_1000([rows[i]["raw_faults"] for i in mine]),
            "guarded": faults.per_1000([rows[i]["faults"] for i in mine])}}
        if "machine_probability" in rows[0]:
            told = [rows[i]["machine_probability"] for i in mine]
            one["pairs_told"] = number(np.mean([(p["model"] > p["human"]) + 0.5 * (p["model"] == p["human"])
                                                for p in told]))
        if "copied_run" in rows[0]:
            one["copied_run"] = {system: {"median": float(np.median(values)), "max": max(values)}
                                 for system in ("model", "human")
                                 for values in [[rows[i]["copied_run"][system] for i in mine]]}
        one["feature_means"] = {system: _feature_means([heard[system][i].features for i in mine])
                                for system in ("model", "human")}
        found[name] = one
    return found


def _feature_means(several: Sequence[Features]) -> dict[str, float | None]:
    found = {}
    for name in SCALARS:
        values = np.array([one.scalars[name] for one in several])
        values = values[np.isfinite(values)]
        found[name] = number(values.mean()) if len(values) else None
    return found


