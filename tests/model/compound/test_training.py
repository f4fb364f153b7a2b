"""Events are learnt with Muon, on a trapezoid, in windows that grow; a run is resumed and finished."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("lightning", reason="training needs requirements-train.txt")

from model import checkpoint, training
from model.compound import events as ev
from model.layouts import load
from model.optimisers import MuonAdamW
from model.sampling import Sampling
from model.training import Recipe, RecipeError, Training, Windows, learning_rate_share

SHAPE = {"width": 32, "layers": 1, "inner": 32, "heads": 2, "kv_heads": 1, "window": 64, "drawing": 16}
STEPS = 12


def recipe(data: Path, **changes) -> Recipe:
    fields = {"name": "tiny", "data": data, "shape": SHAPE, "sequence": 32, "lengthen": {6: 64}, "batch": 8,
              "steps": STEPS, "optimiser": "muon", "schedule": "trapezoid", "decay": 0.25,
              "learning_rate": 0.02, "warmup": 2, "compile": False, "precision": "32-true",
              "validate_every": 6, "validation_windows": 16, "patience": 9}
    return Recipe(**{**fields, **changes})


@pytest.fixture(scope="module")
def run(prepared_events, tmp_path_factory) -> Path:
    """The folder of a run of twelve steps, and then six more after it was resumed."""
    folder = tmp_path_factory.mktemp("run")
    for steps, resume in ((STEPS, False), (STEPS + 6, True)):
        asked = recipe(prepared_events, steps=steps)
        made = training.train(asked, folder, resume, accelerator="cpu", devices=1)
        assert made == folder / "model"
        (folder / f"{steps}.json").write_text((made / "config.json").read_text())
    return folder


def losses(run: Path) -> list[tuple[int, float]]:
    rows = (run / "model" / "curve.csv").read_text().splitlines()[1:]
    return [(int(step), float(loss)) for step, loss, _ in (row.split(",") for row in rows)]


# --- a run --------------------------------------------------------------------------------------------------

def test_the_loss_falls_over_both_starts(run):
    steps, values = zip(*losses(run), strict=True)
    assert steps == (5, 11, 17)
    ignorant = sum(np.log(ev.CLASSES[name]) for name in ev.FIELDS[:5])
    assert ignorant > values[0] > values[1] > values[2]


def test_a_resumed_run_goes_on_with_its_optimisers(run):
    state = torch.load(run / "last.ckpt", weights_only=False)
    assert state["global_step"] == STEPS + 6
    muon, adam = state["optimizer_states"][0]["parts"]
    assert all("momentum_buffer" in its for its in muon["state"].values()) and len(muon["state"]) == 7
    assert {int(its["step"]) for its in adam["state"].values()} == {STEPS + 6}, "no step is forgotten"
    rates = {group["lr"] for part in (muon, adam) for group in part["param_groups"]}
    assert rates == {0.02 * learning_rate_share(STEPS + 6, recipe(run, steps=STEPS + 6))}


def test_longer_windows_are_as_much_fewer(run):
    for steps in (STEPS, STEPS + 6):
        config = json.loads((run / f"{steps}.json").read_text())
        assert config["tokens_seen"] == config["steps"] * 8 * 32 and config["steps"] in (6, 12, 18)


def test_the_weights_before_the_decay_are_kept(run):
    state = torch.load(run / "flat.ckpt", weights_only=False)
    assert state["global_step"] == round((STEPS + 6) * 0.75)


def test_they_are_kept_where_a_validation_is_due_as_often(prepared_events, tmp_path):
    asked = recipe(prepared_events, steps=2, decay=0.1, validate_every=2)
    training.train(asked, tmp_path, accelerator="cpu", devices=1)
    assert {path.name for path in tmp_path.glob("*.ckpt")} == {"best.ckpt", "flat.ckpt", "last.ckpt"}


def test_what_a_run_leaves_can_play(run):
    ready = checkpoint.load(run / "model")
    assert ready.config["network"] == "compound" and ready.config["data"]["layout"] == "events"
    best = torch.load(run / "best.ckpt", weights_only=False)
    for name, weight in ready.network.state_dict().items():
        assert torch.equal(weight, best["state_dict"][f"network.{name}"].to(torch.bfloat16).float()), name
    plan = ready.layout.from_nothing((0, 128), 120.0)
    steps, _ = ready.layout.generate(ready.network, plan.given, plan.rules, Sampling(), bars=2, seed=0,
                                     heard=lambda new, share: True)
    assert steps.shape[1] == len(ev.FIELDS)


def test_finish_makes_the_same_checkpoint_again(run, prepared_events):
    before = checkpoint.load(run / "model")
    (run / "model" / "weights.safetensors").unlink()
    assert training.finish(recipe(prepared_events), run) == run / "model"
    assert checkpoint.load(run / "model").sha256 == before.sha256


# --- its parts ----------------------------------------------------------------------------------------------

def test_windows_grow_when_their_step_has_come(prepared_events):
    step = 0
    made = recipe(prepared_events, lengthen={6: 64, 9: 128})
    stream = iter(Windows(load(prepared_events), made, lambda: step))
    shapes = []
    for step in (0, 5, 6, 7, 9, 20):        # noqa: B007 (read by the stream)
        shapes.append(tuple(next(stream).shape))
    assert shapes == [(8, 33, 7), (8, 33, 7), (4, 65, 7), (4, 65, 7), (2, 129, 7), (2, 129, 7)]


def test_data_sets_without_weight_are_not_learnt(prepared_events):
    def said(rows: np.ndarray) -> set[bytes]:
        """What of notes no change of key changes."""
        return {bytes(row) for row in rows[ev.is_note(rows)][:, ev.DURATION :].astype(np.uint8)}

    only, every = (Windows(load(prepared_events), recipe(prepared_events, weights=weights), lambda: 0)
                   for weights in ({"songs": 0}, {}))
    dances = [row for row in only.pieces if row["dataset"] == "dances"]
    known = set.union(*(said(only.array[int(row["offset"]) :][: int(row["tokens"])]) for row in dances))
    assert all(said(batch.numpy()) <= known for batch in islice(only, 5))
    assert not all(said(batch.numpy()) <= known for batch in islice(every, 5))


def test_token_ids_are_not_weighed(prepared):
    shape = {name: value for name, value in SHAPE.items() if name != "drawing"}
    made = recipe(prepared, shape=shape, weights={"songs": 2})
    with pytest.raises(ValueError, match="weights are for events"):
        next(iter(Windows(load(prepared), made, lambda: 0)))


def test_every_parameter_is_optimised_once(prepared_events):
    layout = load(prepared_events)
    for optimiser in ("muon", "adamw"):
        module = Training(recipe(prepared_events, optimiser=optimiser), layout)
        made = module.configure_optimizers()["optimizer"]
        assert isinstance(made, MuonAdamW) is (optimiser == "muon")
        groups = [parameter for group in made.param_groups for parameter in group["params"]]
        assert sorted(map(id, groups)) == sorted(map(id, module.network.parameters()))
        decayed = {id(p) for group in made.param_groups if group["weight_decay"] for p in group["params"]}
        assert decayed == {id(p) for p in module.network.parameters() if p.ndim == 2}
        if optimiser == "muon":
            names = {id(p): name for name, p in module.network.named_parameters()}
            hidden = {names[id(p)] for p in made.parts[0].param_groups[0]["params"]}
            assert len(hidden) == 7 and all(name.startswith("blocks.") for name in hidden)


def test_a_trapezoid_by_hand():
    made = Recipe(name="x", data="y", steps=100, warmup=10, floor=0.1, schedule="trapezoid", decay=0.2)
    shares = [learning_rate_share(step, made) for step in (0, 4, 9, 10, 50, 80, 90, 99, 100, 500)]
    assert shares == pytest.approx([0.1, 0.5, 1, 1, 1, 1, 0.55, 0.145, 0.1, 0.1])


def test_too_little_to_learn_from(prepared_events, tmp_path):
    with pytest.raises(RecipeError, match="train split fills 8 windows of 8000 tokens"):
        training.train(recipe(prepared_events, sequence=8000), tmp_path, accelerator="cpu")
