"""An experiment's file is checked whole before anything is taught; the one that ships builds its networks."""

from pathlib import Path

import pytest
import yaml

pytest.importorskip("lightning", reason="training needs requirements-train.txt")

from model import experiments
from model.experiments.plan import BASE, ExperimentError, Plan, read_plan
from model.layouts import create
from model.networks import build

SHIPPED = sorted(Path(experiments.__file__).parent.glob("*.yaml"))
PLAN = {
    "budget": 1e9, "seeds": [3, 4], "pieces": 2, "prepare": {"limit": 20},
    "base": {"shape": {"width": 32, "layers": 2}, "sequence": 32},
    "changes": {"deep": {"says": "more layers", "recipe": {"shape": {"layers": 4}}},
                "tokens": {"says": "tokens", "against": "deep", "prepare": {"layout": "segue"}}},
}


def test_a_change_is_the_base_in_all_else():
    plan = Plan(**PLAN)
    base, deep = (plan.recipe(name, Path("d"), 3, 7).model_dump() for name in (BASE, "deep"))
    assert deep == {**base, "name": "deep", "shape": {"width": 32, "layers": 4}}
    assert (base["sequence"], base["seed"], base["steps"]) == (32, 3, 7)
    assert plan.preparation("tokens").layout == "segue" and plan.preparation("tokens").limit == 20
    assert plan.preparation(BASE).layout == "events"


def test_what_a_change_is_compared_with_comes_too():
    plan = Plan(**PLAN)
    assert plan.chosen() == [BASE, "deep", "tokens"]
    assert plan.chosen(("tokens",)) == [BASE, "deep", "tokens"]
    assert plan.chosen(("deep",)) == [BASE, "deep"]
    with pytest.raises(ExperimentError, match=r"^only names .* \(base, deep, tokens\); received wide\."):
        plan.chosen(("wide",))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_experiments_build_their_networks(path):
    plan = read_plan(path)
    assert len(plan.seeds) > 1
    for name in plan.all:
        recipe, layout = plan.recipe(name, Path(), 0), create(plan.preparation(name).layout)
        build(layout.network, {**recipe.shape, **layout.shape}).initialise(how=recipe.initialisation)


@pytest.mark.parametrize("where, value, sentence", [
    (("budget",), -1, "budget: Input should be greater than 0; received -1."),
    (("changes", "deep", "recipe"), {"bach": 2}, "deep: bach: Extra inputs are not permitted; received 2."),
    (("changes", "deep", "recipe"), {"steps": 2}, "deep: steps is decided by the budget."),
    (("base", "seed"), 2, "base: seed is decided by the seeds."),
    (("changes", "deep", "prepare"), {"limits": 2}, "deep: prepare has "),
    (("prepare", "limit"), 0, "base: limit is at least 1; received 0."),
    (("changes", "deep", "against"), "wide", "deep: against names another change; received 'wide'."),
    (("changes", "deep", "against"), "deep", "deep: against names another change; received 'deep'."),
])
def test_mistakes_are_named(tmp_path, where, value, sentence):
    fields = yaml.safe_load(yaml.safe_dump(PLAN))
    place = fields
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(fields))
    with pytest.raises(ExperimentError) as error:
        read_plan(path)
    assert str(error.value).startswith(f"plan.yaml: {sentence}")


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\xff"])
def test_what_is_no_experiment(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ExperimentError, match=r"^An experiment is a YAML file of fields; "):
        read_plan(path)
