"""The training recipe: a YAML file in, a run folder with checkpoints, logs and a finished model out.

A run folder holds last.ckpt and best.ckpt (Lightning's own, for resuming), metrics.csv and TensorBoard
events, and when the run ends `model/`, a checkpoint as in `checkpoint.py` with the best weights. Lightning
drives the loop; the network, the loss and the schedule are here.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import lightning as L
import numpy as np
import torch
import yaml
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.callbacks.weight_averaging import WeightAveraging
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from torch.utils.data import DataLoader, IterableDataset

from model import checkpoint
from model.curve import draw
from model.layouts import Layout
from model.layouts import load as load_layout
from model.networks import build
from model.networks.compound import EARS
from model.optimisers import MuonAdamW


class Recipe(BaseModel):
    """Everything that decides a training run, apart from the machine it runs on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    data: Path
    begin: str | None = Field(None, description="a checkpoint of the same shape whose weights are the first")
    shape: dict[str, bool | int | float | str] = Field(default_factory=dict)
    initialisation: str = Field("normal", description="of networks/initialisation.py")
    weights: dict[str, float] = Field(default_factory=dict, description="data sets seen more often, or less")
    augment: tuple[Literal["key", "velocity", "tempo"], ...] | None = Field(
        None, description="what each window of events is varied in; unsaid: the key")
    sequence: int = Field(512, ge=16, le=8192, description="steps of the network a window")
    lengthen: dict[int, int] = Field(default_factory=dict,
                                     description="optimiser step: longer windows from then on, and fewer")
    batch: int = Field(16, ge=1, description="windows a step and device")
    accumulate: int = Field(1, ge=1, description="batches a step")
    steps: int = Field(1000, ge=1)
    optimiser: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = Field(2e-3, gt=0)
    schedule: Literal["cosine", "trapezoid"] = "cosine"
    decay: float = Field(0.2, gt=0, lt=0.5, description="last share of a trapezoid's steps, where it falls")
    floor: float = Field(0.05, ge=0, le=1, description="share of the learning rate that is left at the end")
    warmup: int = Field(100, ge=0, description="steps")
    restarts: int = Field(0, ge=0, description="how often the cosine starts again")
    weight_decay: float = Field(0.1, ge=0)
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = Field(1.0, gt=0, description="largest norm of a gradient")
    average: float | None = Field(None, gt=0, le=1,
                                  description="decay of an average of the weights; 1: all count alike")
    average_from: float = Field(0, ge=0, lt=1, description="share of the steps before the average begins")
    precision: str = "bf16-mixed"
    compile: bool = True
    validate_every: int = Field(250, ge=1, description="steps")
    validation_windows: int = Field(128, ge=1)
    patience: int = Field(2, ge=1, description="validations without a better loss before the run stops")
    seed: int = 0

    @field_validator("shape")
    @classmethod
    def _numbers(cls, shape: dict) -> dict:
        for field, value in shape.items():
            if isinstance(value, str) and field not in ("norm", "order"):
                raise ValueError(f"{field} is a number")
        return shape


class RecipeError(ValueError):
    """A recipe that cannot be used. One sentence."""


def read_recipe(path: Path, **changes: object) -> Recipe:
    """A recipe file, with `changes` laid over it. RecipeError names the field and what was received."""
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Recipe(**{**fields, **{k: v for k, v in changes.items() if v is not None}})
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {first_fault(error)}") from None
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise RecipeError(f"A recipe is a YAML file of fields; {path} is not: {why}.") from None


def first_fault(error: ValidationError) -> str:
    """The first field that is wrong in a file, as one sentence: the rule and what was received."""
    first = error.errors()[0]
    received = "" if first["type"] == "missing" else f"; received {first['input']!r}"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}{received}."


def learning_rate_share(step: int, recipe: Recipe) -> float:
    """Share of the learning rate at a step: linear warm-up, then `restarts` + 1 cosine cycles or a trapezoid.

    Sources: Loshchilov and Hutter 2017, SGDR, equation 5, with cycles of equal length; Hägele et al. 2024,
    Scaling laws and compute-optimal training beyond fixed training durations, section 3.
    """
    if step < recipe.warmup:
        return (step + 1) / recipe.warmup
    if recipe.schedule == "trapezoid":
        left = (recipe.steps - step) / max(1.0, recipe.decay * recipe.steps)
        return recipe.floor + (1 - recipe.floor) * min(max(left, 0.0), 1.0)
    cycle = max(1.0, (recipe.steps - recipe.warmup) / (recipe.restarts + 1))
    done = min(step, recipe.steps - 1) - recipe.warmup
    return recipe.floor + (1 - recipe.floor) * 0.5 * (1 + math.cos(math.pi * (done % cycle) / cycle))


def averaging(recipe: Recipe) -> WeightAveraging:
    """An average of the weights that is validated and kept instead of them.

    Exponential, or with a decay of 1 that of Izmailov et al. 2018 (SWA): all steps' weights count alike.
    """
    begin = round(recipe.average_from * recipe.steps)

    def weigh(average: torch.Tensor, now: torch.Tensor, updates: torch.Tensor) -> torch.Tensor:
        since = int(updates) - begin
        if since <= 0:
            return now
        return average + (now - average) * (1 / (since + 1) if recipe.average == 1 else 1 - recipe.average)

    # Buffers are counts, not weights: they are copied.
    return WeightAveraging(use_buffers=False, avg_fn=weigh)


class Windows(IterableDataset):
    """Endless batches of a split. Each device draws its own, and so does a run that goes on later."""

    def __init__(self, layout: Layout, recipe: Recipe, step: Callable[[], int]) -> None:
        self.layout, self.recipe, self.step = layout, recipe, step
        self.array, self.pieces = _split(recipe, "train", recipe.batch)

    def __iter__(self):
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        while True:
            length = self._length()
            rng = np.random.default_rng([self.recipe.seed, rank, self.step()])
            batch = max(1, self.recipe.batch * self.recipe.sequence // length)
            for steps in self.layout.batches(self.array, self.pieces, length, batch, rng,
                                             self.recipe.weights, learn=True, augment=self.recipe.augment):
                yield torch.from_numpy(steps)
                if self._length() != length:
                    break

    def _length(self) -> int:
        begun = [length for step, length in sorted(self.recipe.lengthen.items()) if step <= self.step()]
        return begun[-1] if begun else self.recipe.sequence


class Training(L.LightningModule):
    """Training of one network to predict its next step. Losses are nats per step, all its fields together;
    valid_bits is bits per note."""

    def __init__(self, recipe: Recipe, layout: Layout) -> None:
        super().__init__()
        self.recipe, self.layout = recipe, layout
        self.network = build(layout.network, {**recipe.shape, **layout.shape})
        self.network.initialise(torch.Generator().manual_seed(recipe.seed), recipe.initialisation)
        before = _begin(recipe.begin, self.network) if recipe.begin else 0
        self.register_buffer("tokens_seen", torch.tensor(before, dtype=torch.int64))
        self._loss = torch.compile(self._plain_loss) if recipe.compile else self._plain_loss

    def _plain_loss(self, batch: torch.Tensor) -> torch.Tensor:
        return self.network.nats(batch).sum(-1).mean()

    def training_step(self, batch: torch.Tensor, _: int) -> torch.Tensor:
        loss = self._loss(batch)
        self.tokens_seen += batch.shape[0] * (batch.shape[1] - 1) * self.trainer.world_size
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: torch.Tensor, _: int) -> None:
        loss = self._loss(batch)
        steps, notes = batch.shape[0] * (batch.shape[1] - 1), self.layout.notes(batch[:, 1:].cpu().numpy())
        self.log("valid_loss", loss, prog_bar=True, sync_dist=True)
        self.log("valid_bits", loss * steps / max(notes, 1) / math.log(2), prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> dict:
        recipe = self.recipe
        matrices = [p for p in self.parameters() if p.ndim >= 2]
        others = [p for p in self.parameters() if p.ndim < 2]
        if recipe.optimiser == "muon":
            hidden = [p for p in self.network.blocks.parameters() if p.ndim == 2]
            known = set(map(id, hidden))
            optimizer = MuonAdamW(hidden, [p for p in matrices if id(p) not in known], others,
                                  recipe.learning_rate, recipe.betas, recipe.weight_decay)
        else:
            groups = [{"params": matrices, "weight_decay": recipe.weight_decay},
                      {"params": others, "weight_decay": 0.0}]
            optimizer = torch.optim.AdamW(groups, recipe.learning_rate, recipe.betas, foreach=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(learning_rate_share, recipe=recipe))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Kept(ModelCheckpoint):
    """A checkpoint that is known by its name: Lightning takes two that are due equally often for one."""

    @property
    def state_key(self) -> str:
        return f"{super().state_key} {self.filename}"


def train(recipe: Recipe, run: Path, resume: bool = False, **trainer: object) -> Path:
    """Train by a recipe and return the folder of the finished checkpoint.

    Parameters
    ----------
    run: folder of this run; made if missing.
    resume: go on from last.ckpt (recipe.steps may have changed).
    trainer: arguments of lightning.Trainer, such as devices, num_nodes, accelerator, strategy, max_time.

    Raises
    ------
    RecipeError when there is nothing to resume, the data do not serve, or Lightning refuses an argument.
    """
    last = run / "last.ckpt"
    if resume and not last.is_file():
        raise RecipeError(f"A run is resumed from its last.ckpt; {run} has none.")
    if torch.get_num_threads() > 1 and trainer.get("devices", 1) not in (1, "1", "auto"):
        torch.set_num_threads(1)
    run.mkdir(parents=True, exist_ok=True)
    layout = _layout(recipe)
    L.seed_everything(recipe.seed, verbose=False)
    module = Training(recipe, layout)
    train_windows = Windows(layout, recipe, lambda: module.global_step)
    held_out = _held_out(recipe, layout)
    every = recipe.steps // math.ceil(recipe.steps / recipe.validate_every)     # so that the last steps count
    best = _Kept(run, "best", monitor="valid_loss", enable_version_counter=False)
    latest = _Kept(run, "last", every_n_train_steps=every, enable_version_counter=False)
    callbacks = [best, latest]
    if recipe.schedule == "trapezoid":      # from here a run can be made longer without warming up again
        flat = max(1, round(recipe.steps * (1 - recipe.decay)))
        callbacks.append(_Kept(run, "flat", every_n_train_steps=flat, enable_version_counter=False))
    callbacks += [EarlyStopping("valid_loss", patience=recipe.patience),
                 LearningRateMonitor("step"), RichProgressBar()]
    if recipe.average:
        callbacks.append(averaging(recipe))
    log = f"log{len(list(run.glob('log*')))}" if int(os.environ.get("LOCAL_RANK", 0)) == 0 else "log0"
    try:
        lightning = L.Trainer(
            max_steps=recipe.steps,
            precision=recipe.precision,
            accumulate_grad_batches=recipe.accumulate,
            gradient_clip_val=recipe.clip,
            val_check_interval=every * recipe.accumulate,
            check_val_every_n_epoch=None,
            num_sanity_val_steps=0,
            log_every_n_steps=25,
            callbacks=callbacks,
            logger=[CSVLogger(run, name=None, version=log), TensorBoardLogger(run, name=None, version=log)],
            **trainer,
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        raise RecipeError(f"Lightning cannot train so: {error}") from error
    lightning.fit(
        module,
        DataLoader(train_windows, batch_size=None),
        DataLoader(held_out.split(recipe.batch), batch_size=None),
        ckpt_path=last if resume else None,
        weights_only=False,
    )
    if lightning.is_global_zero:
        finish(recipe, run)
    return run / "model"


def _begin(name: str, network: torch.nn.Module) -> int:
    """Give a network the weights of a checkpoint; returns how many steps that has learnt from."""
    try:
        begun = checkpoint.load(name)
        told = network.load_state_dict(begun.network.state_dict(), strict=False)
    except checkpoint.CheckpointError as error:
        raise RecipeError(f"begin: {error}") from None
    except RuntimeError:        # torch lists every weight
        told = None
    # A network may grow an ear for its header, or for earlier bars; they say nothing at first.
    if told is None or told.unexpected_keys or not all(key.startswith(EARS) for key in told.missing_keys):
        raise RecipeError(f"begin is a checkpoint of the recipe's shape; {name} has another.")
    return int(begun.config.get("tokens_seen", 0))


def _layout(recipe: Recipe) -> Layout:
    try:
        return load_layout(recipe.data)
    except (OSError, ValueError) as error:
        raise RecipeError(f"data is a folder that `prepare` wrote; {recipe.data} is not: {error}") from None


def _split(recipe: Recipe, split: str, batch: int) -> tuple[np.ndarray, list[dict]]:
    """Array and pieces of a split, if they fill a batch of windows."""
    array = np.load(recipe.data / f"{split}.npy", mmap_mode="r")
    if len(array) <= batch * recipe.sequence:
        raise RecipeError(f"The {split} split fills {batch} windows of {recipe.sequence} tokens; that of "
                          f"{recipe.data} has {len(array):,} tokens.")
    with open(recipe.data / "pieces.csv", newline="", encoding="utf-8") as file:
        return array, [row for row in csv.DictReader(file) if row["split"] == split]


def _held_out(recipe: Recipe, layout: Layout) -> torch.Tensor:
    """The windows that losses are validated on: the same at every start, and whatever the seed."""
    array, pieces = _split(recipe, "valid", 1)
    most = min(recipe.validation_windows, (len(array) - 1) // recipe.sequence)
    rng = np.random.default_rng(0)
    return torch.from_numpy(next(layout.batches(array, pieces, recipe.sequence, most, rng, {}, learn=False)))


def finish(recipe: Recipe, run: Path) -> Path:
    """Turn a run's best.ckpt into a checkpoint in run/model, and return that folder."""
    if not (run / "best.ckpt").is_file():
        raise RecipeError(f"A run is finished from its best.ckpt; {run} has none yet.")
    # Our own file, written a moment ago by Lightning; what ships is safetensors.
    state = torch.load(run / "best.ckpt", map_location="cpu", weights_only=False)
    layout = load_layout(recipe.data)
    network = build(layout.network, {**recipe.shape, **layout.shape})
    prefix = "network."
    weights = {key: value for key, value in state["state_dict"].items() if key.startswith(prefix)}
    network.load_state_dict({key.removeprefix(prefix): value for key, value in weights.items()})
    facts = {
        "recipe": json.loads(recipe.model_dump_json()),
        "data": json.loads((recipe.data / "prepared.json").read_text()),
        "steps": state["global_step"],
        "tokens_seen": int(state["state_dict"]["tokens_seen"]),
    }
    checkpoint.save(run / "model", layout, network, facts)
    losses = curve(run)
    (run / "model" / "curve.csv").write_text(losses)
    draw(losses, run / "model" / "curve.svg")
    return run / "model"


def curve(run: Path) -> str:
    """The validation losses of a run, all its starts joined, as CSV: step, valid_loss, valid_bits.

    What a later start has gone over once more counts as it went the last time.
    """
    rows: dict[int, dict] = {}
    logs = run.glob("log*/metrics.csv")
    for log in sorted(logs, key=lambda path: int(path.parent.name.removeprefix("log"))):
        with open(log, newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        begin = min((int(row["step"]) for row in found), default=0)
        rows = {step: row for step, row in rows.items() if step < begin}
        rows |= {int(row["step"]): row for row in found if row.get("valid_loss")}
    lines = [f"{step},{row['valid_loss']},{row['valid_bits']}" for step, row in sorted(rows.items())]
    return "\n".join(["step,valid_loss,valid_bits", *lines]) + "\n"
