"""A tiny experiment from music to table: equal compute, the same pieces, nothing twice."""

import json
import math

import numpy as np
import pytest
import torch
import yaml
from scipy.stats import t as student
from scipy.stats import ttest_rel
from typer.testing import CliRunner

pytest.importorskip("lightning", reason="training needs requirements-train.txt")

import model.__main__ as command_line
from model import checkpoint
from model.evaluation.prepared import Prepared
from model.experiments import compute, effects, running
from model.experiments.plan import BASE, ExperimentError, Plan, read_plan
from model.metrics import losses
from model.networks import build

PLAN = {
    "budget": 1e8, "seeds": [0, 1], "pieces": 2, "prepare": {"seed": 1},
    "base": {"shape": {"width": 16, "layers": 1, "inner": 16, "heads": 2, "kv_heads": 1, "drawing": 8},
             "sequence": 16, "batch": 4, "learning_rate": 0.02, "warmup": 2, "compile": False,
             "precision": "32-true", "validation_windows": 4},
    "changes": {"deep": {"says": "more layers", "recipe": {"shape": {"layers": 3}}},
                "tokens": {"says": "tokens", "recipe": {"shape": {"drawing": None}},
                           "prepare": {"layout": "segue", "vocabulary": 0}}},
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory, midi_folder):
    """The plan's file and the folder in which the command has run it, with one seed and then with two."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    arguments = ["experiment", folder / "plan.yaml", "--out", folder / "out", "--midi", midi_folder,
                 "--accelerator", "cpu"]
    for more in (["--only", "deep", "--seeds", "1"], []):
        result = CliRunner().invoke(command_line.app, [str(argument) for argument in (*arguments, *more)])
        assert result.exit_code == 0, (result.output, result.exception)
        (folder / "said.md").write_text(result.stdout)
    return folder


@pytest.fixture(scope="module")
def runs(asked) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in (asked / "out" / "runs").iterdir()}


def test_every_change_has_a_run_a_seed_at_the_same_compute(runs):
    assert set(runs) == {f"{name}-{seed}" for name in (BASE, "deep", "tokens") for seed in (0, 1)}
    for run in runs.values():
        assert run["flop"] == run["flop_a_step"] * run["steps"] * 4 * 16
        assert abs(run["flop"] - PLAN["budget"]) <= run["flop_a_step"] * 4 * 16 / 2
        assert 0 < run["bits_per_note"] < 40 and run["processor_seconds"] > 0
    assert runs["deep-0"]["steps"] < runs["base-0"]["steps"]
    assert runs["base-0"]["bits_per_note"] != runs["base-1"]["bits_per_note"]


def test_layouts_are_measured_on_the_same_pieces(asked, runs):
    plan, data = read_plan(asked / "plan.yaml"), asked / "out" / "data"
    files = running.held_out(data / "events", plan.pieces)
    rows = [{row.file: row for row in Prepared(data / name, "valid").rows} for name in ("events", "segue-0")]
    for name, known in zip((BASE, "tokens"), rows, strict=True):
        assert runs[f"{name}-0"]["notes"] == sum(known[file].notes for file in files) > 100


def test_no_pairs_are_base_tokens_alone(asked):
    layout = Prepared(asked / "out" / "data" / "segue-0", "valid").layout
    assert all(len(base) == 1 for base in layout.tokenizer.base)


def test_bits_per_note_of_a_network_by_hand(asked, tiny_events):
    ready, data = checkpoint.load(tiny_events), asked / "out" / "data" / "events"
    prepared = Prepared(data, "valid")
    files = running.held_out(data, 2)
    chosen = [row for row in prepared.rows if row.file in files]
    nats = [losses(ready.network, ready.layout, prepared.steps(row), 16).sum() for row in chosen]
    found = running.measure(ready, data, files, 16)
    assert found["bits_per_note"] == pytest.approx(sum(nats) / math.log(2) / sum(row.notes for row in chosen))


def test_what_has_been_run_is_not_run_again(asked, monkeypatch):
    plan = read_plan(asked / "plan.yaml")
    trained = []
    monkeypatch.setattr(running, "_taught", lambda recipe, *_: trained.append(recipe.name) or {})
    out = asked / "out"
    assert all(running.kept(plan, name, seed, out) for name in plan.all for seed in plan.seeds)
    running.run(plan, asked / "nowhere", out)
    assert trained == []
    deep = plan.changes["deep"].model_copy(update={"recipe": {"shape": {"layers": 2}}})
    changed = plan.model_copy(update={"changes": {**plan.changes, "deep": deep}})
    before = {path: path.read_text() for path in (out / "runs").iterdir()}
    running.run(changed, asked / "nowhere", out, ("deep",))
    assert trained == ["deep", "deep"]
    for path, text in before.items():
        path.write_text(text)


def test_a_network_that_there_is_not_is_found_before_anything_is_taught(asked):
    plan = read_plan(asked / "plan.yaml")
    odd = plan.changes["tokens"].model_copy(update={"recipe": {}})
    with pytest.raises(ExperimentError, match=r"^tokens: A transformer is described by .*'drawing'\.$"):
        running.run(plan.model_copy(update={"changes": {"tokens": odd}}), asked / "nowhere", asked / "out")


def test_too_few_pieces_to_measure_on(asked):
    with pytest.raises(ExperimentError, match=r"^99 held-out pieces are asked for; the valid split has \d\."):
        running.held_out(asked / "out" / "data" / "events", 99)


def test_what_the_command_leaves(asked, runs):
    out = asked / "out"
    left = ["data", "effects.json", "effects.md", "effects.svg", "runs"]
    assert sorted(path.name for path in out.iterdir()) == left
    found = json.loads((out / "effects.json").read_text())
    assert [row["change"] for row in found["rows"]] == [BASE, "deep", "tokens"]
    assert (asked / "said.md").read_text().endswith((out / "effects.md").read_text())
    assert "more layers" in (out / "effects.svg").read_text()
    rows = {row["change"]: row for row in found["rows"]}
    bits = {name: np.mean([runs[f"{name}-{seed}"]["bits_per_note"] for seed in (0, 1)]) for name in rows}
    assert rows["deep"]["effect"] == pytest.approx(bits["deep"] - bits[BASE], abs=1e-3)


# --- effects ------------------------------------------------------------------------------------------------

def found_of(monkeypatch, bits: dict[str, list[float]]) -> dict:
    """The effects of runs with these bits per note."""
    plan = Plan(budget=1, seeds=list(range(9)), base={}, changes={
        name: {"says": name} for name in bits if name != BASE})

    def kept(plan, name, seed, out):
        if seed < len(bits[name]):
            return {"bits_per_note": bits[name][seed], "steps": 1, "network_steps": 1, "multiplying": 1,
                    "flop": 1, "processor_seconds": 1}
        return None

    monkeypatch.setattr(effects, "kept", kept)
    return effects.effects(plan, None)


def test_the_interval_of_one_change_is_that_of_students_paired_test(monkeypatch):
    base, change = [8.1, 8.3, 8.15, 8.22], [7.9, 8.0, 8.05, 8.0]
    row = found_of(monkeypatch, {BASE: base, "change": change})["rows"][1]
    interval = ttest_rel(change, base).confidence_interval(0.95)
    assert row["ci95"] == pytest.approx([interval.low, interval.high], abs=1e-4)
    assert row["percent"] == pytest.approx(100 * (np.mean(change) / np.mean(base) - 1), abs=0.01)


def test_the_deviation_is_pooled_over_all_changes(monkeypatch):
    bits = np.array([[8.1, 8.3, 8.2], [7.0, 7.5, 7.1], [8.8, 9.1, 8.9]])
    found = found_of(monkeypatch, dict(zip([BASE, "a", "b"], bits.tolist(), strict=True)))
    rest = bits - bits.mean(1, keepdims=True) - bits.mean(0) + bits.mean()
    assert found["freedom"] == 4
    assert found["deviation"] == pytest.approx((np.sum(rest**2) / 4) ** 0.5, abs=1e-4)
    half = student.ppf(0.975, 4) * found["deviation"] * (2 / 3) ** 0.5
    low, high = found["rows"][2]["ci95"]
    assert high - low == pytest.approx(2 * half, abs=1e-3)


def test_a_seed_that_only_one_had_does_not_count_for_or_against_it(monkeypatch):
    easy_seed = {BASE: [8.0, 8.1, 5.0], "a": [7.0, 7.1]}
    row = found_of(monkeypatch, easy_seed)["rows"][1]
    assert row["effect"] == pytest.approx(-1) and row["mean"] == 7.05


def test_one_run_each_has_no_interval(monkeypatch):
    found = found_of(monkeypatch, {BASE: [8.0], "a": [7.0]})
    assert found["deviation"] is None and found["rows"][1]["ci95"] is None
    assert "| -1.000 | -12.5 |" in effects.table(found)


def test_what_excludes_0_is_bold(monkeypatch):
    bits = {BASE: [8.0, 8.1], "same": [8.04, 8.06], "worse": [9.0, 9.1]}
    table = effects.table(found_of(monkeypatch, bits))
    assert "**+1.000** (" in table and "**+0.000**" not in table and "+0.000 (" in table


def test_equal_compute_counts_the_network_that_is_taught(runs):
    with torch.device("meta"):
        made = build("compound", runs["deep-0"]["recipe"]["shape"])
    assert runs["deep-0"]["flop_a_step"] == compute.flop(made, 16)
