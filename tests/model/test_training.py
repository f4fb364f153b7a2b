"""A recipe is checked, followed, resumed and finished; the schedule is right by hand."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

pytest.importorskip("lightning", reason="training needs requirements-train.txt")

from model import checkpoint, training
from model.layouts import load
from model.networks import build
from model.remi.tokenizer import Tokenizer
from model.training import Recipe, RecipeError, Windows, learning_rate_share, read_recipe

RECIPES = sorted((Path(training.__file__).parent / "recipes").glob("*.yaml"))
SHAPE = {"width": 32, "layers": 1, "inner": 32, "heads": 2, "kv_heads": 1, "window": 32}


def recipe(data: Path, **changes) -> Recipe:
    fields = {"name": "tiny", "data": data, "shape": SHAPE, "sequence": 32, "batch": 8, "steps": 10,
              "learning_rate": 0.02, "warmup": 2, "compile": False, "precision": "32-true",
              "validate_every": 5, "validation_windows": 16}
    return Recipe(**{**fields, **changes})


def train(made: Recipe, run: Path, **arguments) -> Path:
    return training.train(made, run, accelerator="cpu", devices=1, **arguments)


@pytest.fixture(scope="module")
def run(prepared, tmp_path_factory) -> Path:
    """The folder of a run of ten steps, and then ten more after it was resumed."""
    folder = tmp_path_factory.mktemp("run")
    assert train(recipe(prepared), folder) == folder / "model"
    (folder / "first.json").write_text((folder / "model" / "config.json").read_text())
    train(recipe(prepared, steps=20), folder, resume=True)
    return folder


def logged(run: Path, number: int) -> list[dict[str, str]]:
    with open(run / f"log{number}" / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- a run --------------------------------------------------------------------------------------------------
def test_the_loss_falls_and_bits_a_note_are_its_sum(run, prepared):
    losses = [float(row["valid_loss"]) for row in logged(run, 0) if row["valid_loss"]]
    assert len(losses) == 2 and losses[1] < losses[0] < math.log(800) + 0.2
    assert losses[1] < math.log(800) - 0.5, "ten steps learn which tokens are frequent"
    tokenizer, array = Tokenizer.load(prepared / "tokenizer.json"), np.load(prepared / "valid.npy")
    a_note = len(array) / tokenizer.notes[array].sum()
    bits = [float(row["valid_bits"]) for row in logged(run, 0) if row["valid_bits"]]
    assert bits[0] == pytest.approx(losses[0] / math.log(2) * a_note, rel=0.15)


def test_resuming_goes_on_from_the_step(run):
    steps = [[int(row["step"]) for row in logged(run, number) if row["valid_loss"]] for number in (0, 1)]
    assert steps == [[4, 9], [14, 19]]
    first, last = (json.loads((run / name).read_text()) for name in ("first.json", "model/config.json"))
    assert first["steps"] == 10 and first["tokens_seen"] == 10 * 8 * 32
    assert last["steps"] in (15, 20) and last["tokens_seen"] == last["steps"] * 8 * 32
    state = torch.load(run / "last.ckpt", weights_only=False)
    assert state["global_step"] == 20
    assert state["lr_schedulers"][0]["last_epoch"] == 20


def test_what_a_run_leaves(run, prepared):
    ready = checkpoint.load(run / "model")
    assert ready.layout.tokenizer.base == Tokenizer.load(prepared / "tokenizer.json").base
    assert ready.config["recipe"]["steps"] == 20 and ready.config["data"]["vocabulary"] == 800
    best = torch.load(run / "best.ckpt", weights_only=False)
    for name, weight in ready.network.state_dict().items():
        assert torch.equal(weight, best["state_dict"][f"network.{name}"].to(torch.bfloat16).float()), name
    with open(run / "model" / "curve.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [4, 9, 14, 19]
    assert all(float(row["valid_loss"]) > 0 and float(row["valid_bits"]) > 0 for row in rows)
    assert list(run.glob("log1/events.out.tfevents.*")), "TensorBoard's log"


def test_the_curve_forgets_what_was_gone_over_once_more(tmp_path):
    logs = {0: [(9, ""), (19, "3"), (29, "2")], 1: [(24, ""), (34, "1")]}
    for number, rows in logs.items():
        (tmp_path / f"log{number}").mkdir()
        lines = [f"{step},{loss},{loss}" for step, loss in rows]
        text = "\n".join(["step,valid_loss,valid_bits", *lines])
        (tmp_path / f"log{number}" / "metrics.csv").write_text(text, encoding="utf-8")
    assert training.curve(tmp_path) == "step,valid_loss,valid_bits\n19,3,3\n34,1,1\n"


def test_an_average_of_the_weights_can_be_kept(prepared, tmp_path):
    made = recipe(prepared, steps=3, validate_every=3, average=0.5)
    checkpoint.load(train(made, tmp_path))
    state = torch.load(tmp_path / "best.ckpt", weights_only=False)
    assert int(state["state_dict"]["tokens_seen"]) == 3 * 8 * 32
    assert state["averaging_state"]["n_averaged"] > 0


def test_averages_by_hand():
    weights = [torch.tensor(float(value)) for value in (8, 2, 5, 11, 3)]

    def kept(**changes) -> float:
        callback = training.averaging(recipe(Path(), steps=4, **changes))
        averaged = torch.optim.swa_utils.AveragedModel(Holder(weights[0]), **callback._kwargs)
        for weight in weights[1:]:
            averaged.update_parameters(Holder(weight))
        return averaged.module.weight.item()

    assert kept(average=0.5) == pytest.approx(0.5 * 3 + 0.25 * 11 + 0.125 * 5 + 0.125 * 2)
    assert kept(average=1) == pytest.approx((2 + 5 + 11 + 3) / 4), "all count alike"
    assert kept(average=1, average_from=0.5) == pytest.approx((11 + 3) / 2), "the last half alone"


class Holder(torch.nn.Module):
    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight.clone())


def test_a_run_shorter_than_a_validation_interval_is_finished_too(prepared, tmp_path):
    made = recipe(prepared, steps=2, validate_every=100, accumulate=2)
    assert checkpoint.load(train(made, tmp_path)).config["tokens_seen"] == 2 * 2 * 8 * 32


def test_draws_are_those_of_the_seed_and_the_step(prepared):
    def first(seed: int, step: int) -> torch.Tensor:
        return next(iter(Windows(load(prepared), recipe(prepared, seed=seed), lambda: step)))

    assert first(0, 0).shape == (8, 33) and first(0, 0).dtype == torch.int64
    assert torch.equal(first(0, 0), first(0, 0))
    assert not torch.equal(first(0, 0), first(0, 10)) and not torch.equal(first(0, 0), first(1, 0))


# --- what cannot be trained ---------------------------------------------------------------------------------
def test_a_run_that_cannot_begin_says_why(prepared, tmp_path):
    with pytest.raises(RecipeError, match=r"A run is resumed from its last\.ckpt; .* has none\."):
        train(recipe(prepared), tmp_path, resume=True)
    with pytest.raises(RecipeError, match=r"data is a folder that `prepare` wrote; .*tokenizer\.json"):
        train(recipe(tmp_path), tmp_path)
    with pytest.raises(RecipeError, match="train split fills 8 windows of 8000 tokens"):
        train(recipe(prepared, sequence=8000), tmp_path)
    with pytest.raises(RecipeError, match=r"Lightning cannot train so: .*17-true"):
        train(recipe(prepared, precision="17-true"), tmp_path)
    with pytest.raises(RecipeError, match=r"A run is finished from its best\.ckpt; .* has none yet\."):
        training.finish(recipe(prepared), tmp_path)


@pytest.mark.parametrize("changes, sentence", [
    ({"batch": 0}, "r.yaml: batch: Input should be greater than or equal to 1; received 0."),
    ({"batch": "many"}, "r.yaml: batch: Input should be a valid integer.*; received 'many'."),
    ({"lerning_rate": 0.1}, "r.yaml: lerning_rate: Extra inputs are not permitted; received 0.1."),
    ({"optimiser": "sgd"}, "r.yaml: optimiser: Input should be 'adamw' or 'muon'; received 'sgd'."),
    ({"schedule": "steps"}, "r.yaml: schedule: Input should be 'cosine' or 'trapezoid'; received 'steps'."),
    ({"decay": 0}, "r.yaml: decay: Input should be greater than 0; received 0."),
    ({"decay": 0.6}, "r.yaml: decay: Input should be less than 0.5; received 0.6."),
    ({"lengthen": {"late": 64}}, "r.yaml: lengthen.late.*; received 'late'."),
    ({"weights": {"songs": "twice"}}, "r.yaml: weights.songs.*; received 'twice'."),
    ({"shape": {"width": "wide"}}, r"r.yaml: shape: .*width is a number; received {'width': 'wide'}."),
    ({"name": None}, "r.yaml: name: Input should be a valid string; received None."),
])
def test_recipe_errors_name_the_field(tmp_path, changes, sentence):
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump({"name": "r", "data": "somewhere", **changes}))
    with pytest.raises(RecipeError, match=f"^{sentence}$"):
        read_recipe(path)


@pytest.mark.parametrize("text", ["", "a list of words", "- 1", "{", "\x00"])
def test_what_is_no_recipe(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"^A recipe is a YAML file of fields; .*r\.yaml is not: "):
        read_recipe(path)


def test_a_missing_field_and_a_missing_file(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("data: somewhere\n")
    with pytest.raises(RecipeError, match=r"^r.yaml: name: Field required\.$"):
        read_recipe(path)
    with pytest.raises(RecipeError, match="No such file"):
        read_recipe(tmp_path / "none.yaml")


def test_changes_lie_over_a_recipe():
    made = read_recipe(RECIPES[0], steps=7, precision=None)
    assert made.steps == 7 and made.precision == Recipe(name="x", data="y").precision
    with pytest.raises(RecipeError, match="steps"):
        read_recipe(RECIPES[0], steps=0)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_build_their_networks(path):
    made = read_recipe(path)
    assert made.name == path.stem
    with torch.device("meta"):
        layout = "compound" if "drawing" in made.shape else "transformer"
        network = build(layout, {"vocabulary": 5000, **made.shape})
    longest = max([made.sequence, *made.lengthen.values()])
    assert network.config.window <= longest, "a window is trained whole"
    if made.name == "published":
        assert sum(p.numel() for p in network.parameters()) == 24_003_072


# --- the schedule -------------------------------------------------------------------------------------------
def test_the_learning_rate_by_hand():
    made = Recipe(name="x", data="y", steps=110, warmup=10, floor=0.1, restarts=0)
    shares = [learning_rate_share(step, made) for step in (0, 4, 9, 10, 60, 109, 500)]
    assert shares[:4] == [0.1, 0.5, 1.0, 1.0]
    assert shares[4] == pytest.approx(0.55)         # half way: floor + (1 - floor) / 2
    assert shares[5] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * 0.99)))
    assert shares[6] == shares[5], "the end is held"


def test_the_learning_rate_starts_again():
    made = Recipe(name="x", data="y", steps=100, warmup=0, floor=0.0, restarts=3)
    assert [learning_rate_share(step, made) for step in (0, 25, 50, 75)] == [1.0] * 4
    assert learning_rate_share(12, made) == pytest.approx(0.5 * (1 + math.cos(math.pi * 12 / 25)))
    assert learning_rate_share(24, made) < 0.005
    assert all(0 <= learning_rate_share(step, made) <= 1 for step in range(120))


def test_a_warm_up_longer_than_the_run():
    made = Recipe(name="x", data="y", steps=5, warmup=10)
    assert [learning_rate_share(step, made) for step in range(3)] == [0.1, 0.2, 0.3]
