"""The whole evaluation of a checkpoint: what it predicts, and what it writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from model import checkpoint, originality
from model.evaluation.baselines import Chain, learn
from model.evaluation.continuations import LEAST, Progress, evaluate_continuations
from model.evaluation.controls import controls
from model.evaluation.fingerprint import TrainingSet, training_set
from model.evaluation.likelihood import likelihood
from model.evaluation.passage import passage
from model.evaluation.pieces import Piece, from_library, held_out
from model.evaluation.prepared import EvaluationError, Prepared
from model.generator import Generator
from model.score import count_bars
from model.settings import PRESETS, Settings

CACHE = Path("data/evaluation")
_LEARNT_FROM = 150          # training pieces that the Markov chain knows
_FIXED = ("bars", "prompt_bars", "whistle")


@dataclass(frozen=True)
class Request:
    """What is evaluated, on what.

    data: a prepared folder of the checkpoint's own layout. library: a folder with a library.csv whose pieces
    are continued instead of the split's. prompts: how many, 0 for the likelihood alone; skip: after how many
    others; bars: to continue by. pieces, sequence: of the likelihood. copies: look for copied runs in the
    training split (at first it takes minutes); without, the fingerprints that ship are asked, if they are of
    this music. controls: with the players of how many pieces wishes are tried, 0 for none. published: an
    evaluation.json of the published recipe. earlier: one of this system when it had been taught with the same
    compute as that, if it has learnt on since.
    """

    checkpoint: str | None = None
    data: Path = Path("data/prepared/events")
    library: Path | None = None
    split: str = "test"
    prompts: int = 100
    skip: int = 0
    bars: int = 8
    prompt_bars: int = 8
    settings: str = "natural"
    pieces: int = 60
    sequence: int = 512
    copies: bool = True
    controls: int = 24
    seed: int = 0
    workers: int | None = None
    published: Path | None = None
    earlier: Path | None = None
    cache: Path = CACHE


def settings_of(text: str) -> Settings:
    """A preset's name, or "temperature=0.9,top_p=0.95": the default preset with changes.

    ValueError: no such preset or setting, or a number out of its range.
    """
    if text in PRESETS:
        return PRESETS[text]
    names = [field.name for field in fields(Settings) if field.name not in _FIXED]
    changes = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in names:
            raise ValueError(f"settings is a preset ({', '.join(PRESETS)}) or changes such as "
                             f"temperature=0.9 to {', '.join(names)}; received '{part.strip()}'.")
        try:
            changes[name] = json.loads(value.lower())
        except json.JSONDecodeError:
            raise ValueError(f"{name.replace('_', ' ')} is a number or true or false; "
                             f"received '{value}'.") from None
    return replace(next(iter(PRESETS.values())), **changes)


def evaluate(request: Request, progress: Progress = lambda what, done, total: None) -> dict:
    """All results: those of `evaluate_continuations`, `likelihood`, and `bits_per_note`.

    The likelihood is None for a library without a prepared folder. EvaluationError: see the parts.
    """
    settings = settings_of(request.settings)
    if request.prompts < 0 or 0 < request.prompts < LEAST:
        raise EvaluationError(f"prompts is 0 or at least {LEAST}; received {request.prompts}.")
    compared = {"published_recipe_same_compute": _bits(request.published, "published"),
                f"{request.split}_same_compute": _bits(request.earlier, "earlier")}
    ready = checkpoint.load(request.checkpoint)
    told = None
    if request.library is None or request.data.is_dir():
        told = likelihood(ready, request.data, request.split, request.pieces, request.sequence, request.seed,
                          lambda n, total: progress("Listening", n, total))
    results = _continued(request, settings, progress) if request.prompts else {}
    results["checkpoint"] = ready.folder.parent.name if ready.name == "model" else ready.name   # a run's
    results["checkpoint_sha256"] = ready.sha256
    bits = told and told["all"]["bits_per_note"]
    return {**results, "bits_per_note": {request.split: bits, **compared,
                                         "ci95": told and told["all"]["bits_per_note_ci95"]},
            "likelihood": told}


def brief(results: dict) -> dict:
    """What fits on one line: the headline numbers of `evaluate`, or the likelihood if that was all."""
    if "prompts" not in results:
        return results["likelihood"]
    names = ("checkpoint", "checkpoint_sha256", "prompts", "settings", "machine_listener_auc",
             "machine_listener_ci95", "feature_distance_mean_ratio", "feature_distance_over_floor",
             "faults_per_1000", "copied_run_p99", "bits_per_note")
    return {name: results[name] for name in names}


def _continued(request: Request, settings: Settings, progress: Progress) -> dict:
    trained = (request.data / "train.npy").is_file()
    training, learnt = None, None
    if request.copies and trained:
        training = training_set(request.data, request.cache,
                                lambda n, total: progress("Reading the training music", n, total))
    if trained:
        learnt = chains(request.data, request.seed, progress)
    chosen = prompts(request, training, progress)
    if len(chosen) < LEAST:
        raise EvaluationError(f"Continuations are compared on {LEAST} prompts or more; "
                              f"{len(chosen)} were found.")
    with Generator(request.checkpoint, request.workers) as generator:
        found = evaluate_continuations(generator, chosen, settings, learnt=learnt, training=training,
                                       indexed=_indexed(request), cache=request.cache, seed=request.seed,
                                       progress=progress)
        obeyed = None
        if request.controls and request.data.is_dir():
            obeyed = controls(generator, Prepared(request.data, request.split), settings, request.controls,
                              request.seed, progress)
        return {**found, "skipped": request.skip, "controls": obeyed}


def _indexed(request: Request) -> bool:
    """Whether the fingerprints that ship are those of the request's own training music."""
    trained = (request.data / "train.npy").is_file()
    return trained and originality.facts()["made_from"]["data"] == Prepared(request.data, "train").digest()


def prompts(request: Request, training: TrainingSet | None = None,
            progress: Progress = lambda what, done, total: None) -> list[Piece]:
    """The held-out pieces of a request, without those that the training set is kin to."""
    asked = {"prompt_bars": request.prompt_bars, "bars": request.bars, "seed": request.seed,
             "skip": request.skip, "training": training,
             "progress": lambda n, total: progress("Choosing prompts", n, total)}
    if request.library is not None:
        return from_library(request.library, request.cache, request.prompts, **asked)
    return held_out(request.data, request.prompts, split=request.split, **asked)


def chains(data: Path, seed: int = 0,
           progress: Progress = lambda what, done, total: None) -> dict[int, Chain]:
    """The Markov chains of 150 training pieces, drawn at random."""
    prepared = Prepared(data, "train")
    order = np.random.default_rng([seed, 6]).permutation(len(prepared.rows))[:_LEARNT_FROM]
    parts: Sequence = []
    for done, i in enumerate(order, 1):
        score = prepared.score(prepared.rows[i])
        parts.append(passage(score, max(count_bars(score), 1)))
        progress("Teaching the Markov chain", done, len(order))
    return learn(parts)


def _bits(path: Path | None, name: str) -> float | None:
    """The bits per note of another evaluation. EvaluationError: the file holds none."""
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return float(found.get("likelihood", found)["all"]["bits_per_note"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"{name} is an evaluation.json with a likelihood; {path} is none.") from error
