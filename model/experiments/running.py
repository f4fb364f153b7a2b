"""Teach every change with every seed, measure it on the same held-out pieces, and keep what came of it.

An experiment's folder holds data/, the music in every layout that is asked for; runs/NAME-SEED.json, one a
run, which is not run again while it is what the plan asks for; and what effects.py makes of them.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from model import checkpoint
from model.dataset import Preparation, prepare
from model.evaluation.prepared import Prepared
from model.experiments import compute
from model.experiments.plan import BASE, ExperimentError, Plan
from model.layouts import load
from model.metrics import losses
from model.networks import build
from model.training import Recipe, train

SPLIT = "valid"


def run(plan: Plan, midi: Path, out: Path, only: tuple[str, ...] = (), seeds: int | None = None,
        index: Path | None = None, accelerator: str = "auto",
        progress: Callable[[str, int, int], None] = lambda what, done, total: None) -> None:
    """Run what is left to run of a plan.

    Parameters
    ----------
    midi, index: the music, as `dataset.prepare` takes it.
    only: these changes alone, and what they are compared with.
    seeds: only so many of the plan's.

    Raises
    ------
    ExperimentError, RecipeError, ValueError: the music does not serve, or a network cannot be built.
    """
    names = plan.chosen(only)
    folders = {name: _music(plan.preparation(name), midi, out, index) for name in names}
    files = held_out(folders[BASE], plan.pieces)
    recipes = [_afforded(plan, name, folders[name], seed) for name in names for seed in plan.seeds[:seeds]]
    (out / "runs").mkdir(exist_ok=True)
    for done, recipe in enumerate(recipes):
        name, seed = recipe.name, recipe.seed
        progress(f"{name}, seed {seed}", done, len(recipes))
        if kept(plan, name, seed, out) is None:
            measured = {**plan.asked(name, seed), **_taught(recipe, files, out, accelerator)}
            _path(out, name, seed).write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    progress("done", len(recipes), len(recipes))


def kept(plan: Plan, name: str, seed: int, out: Path) -> dict | None:
    """A run that has been done, if it is what the plan asks for now."""
    path = _path(out, name, seed)
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    asked = plan.asked(name, seed)
    return known if {key: known.get(key) for key in asked} == asked else None


def _path(out: Path, name: str, seed: int) -> Path:
    return out / "runs" / f"{name}-{seed}.json"


def held_out(data: Path, pieces: int) -> list[str]:
    """Files of the held-out split, drawn by their names. ExperimentError: there are not so many."""
    files = sorted({row.file for row in Prepared(data, SPLIT).rows},
                   key=lambda file: hashlib.sha256(file.encode()).digest())
    if len(files) < pieces:
        raise ExperimentError(f"{pieces} held-out pieces are asked for; the {SPLIT} split has {len(files)}.")
    return sorted(files[:pieces])


def measure(ready: checkpoint.Checkpoint, data: Path, files: list[str], sequence: int) -> dict:
    """Bits per note and nats per step of a network on whole pieces, in stretches of `sequence` steps."""
    prepared = Prepared(data, SPLIT)
    rows = {row.file: row for row in prepared.rows}
    if missing := set(files) - set(rows):
        raise ExperimentError(f"Every layout is measured on the same pieces; {data.name} has no "
                              f"{', '.join(sorted(missing))}.")
    nats, steps, notes = 0.0, 0, 0
    for file in files:
        found = losses(ready.network, ready.layout, prepared.steps(rows[file]), sequence)
        nats += float(found.sum(dtype="float64"))
        steps += len(found)
        notes += rows[file].notes
    return {"bits_per_note": nats / math.log(2) / notes, "nats_per_step": nats / steps, "notes": notes}


def _music(asked: Preparation, midi: Path, out: Path, index: Path | None) -> Path:
    """The folder of prepared music, made if there is none of what is asked for."""
    name = f"{asked.layout}-{asked.vocabulary}" if asked.layout != "events" else asked.layout
    folder = out / "data" / (f"{name}-{asked.transpositions}" if asked.transpositions else name)
    written = folder / "prepared.json"
    known = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}
    wanted = json.loads(json.dumps(asdict(asked)))
    if {key: known.get(key) for key in wanted} != wanted:
        prepare(midi, folder, asked, index)
    return folder


def _afforded(plan: Plan, name: str, data: Path, seed: int) -> Recipe:
    """A change's recipe with as many steps as the budget pays for. ExperimentError: no such network."""
    recipe = plan.recipe(name, data, seed)
    layout = load(data)
    try:
        with torch.device("meta"):
            network = build(layout.network, {**recipe.shape, **layout.shape})
    except ValueError as error:
        raise ExperimentError(f"{name}: {error}") from None
    return plan.recipe(name, data, seed, compute.steps(plan.budget, network, recipe))


def _taught(recipe: Recipe, files: list[str], out: Path, accelerator: str) -> dict:
    """Teach by a recipe, measure, and throw the weights away."""
    wall, processor = time.perf_counter(), time.process_time()
    with TemporaryDirectory(dir=out) as folder:
        ready = checkpoint.load(train(recipe, Path(folder), accelerator=accelerator, devices=1))
    taught = {"seconds": round(time.perf_counter() - wall, 1),
              "processor_seconds": round(time.process_time() - processor, 1)}
    a_step = compute.flop(ready.network, recipe.sequence)
    learnt = recipe.steps * recipe.batch * recipe.accumulate * recipe.sequence
    return {**measure(ready, recipe.data, files, recipe.sequence), **taught,
            "steps": recipe.steps, "network_steps": learnt, "flop_a_step": a_step, "flop": a_step * learnt,
            "parameters": sum(p.numel() for p in ready.network.parameters()),
            "multiplying": compute.multiplying(ready.network),
            "machine": {"torch": torch.__version__, "threads": torch.get_num_threads(),
                        "processor": platform.machine(), "accelerator": accelerator}}
