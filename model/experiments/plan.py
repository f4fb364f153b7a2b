"""An experiment's file: a base recipe, a budget of compute, seeds, and the changes to try one at a time."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.dataset import Preparation
from model.training import Recipe, first_fault

BASE = "base"
_DECIDED = {"name": "the change", "data": "the preparation", "steps": "the budget", "seed": "the seeds",
            "lengthen": "nothing: a window keeps its length"}


class ExperimentError(ValueError):
    """An experiment that cannot be run. One sentence."""


class Change(BaseModel):
    """One thing that is otherwise than in what it is compared with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(description="what is changed, for the table")
    group: str = Field("", description="changes of one kind, which stand together")
    against: str = Field(BASE, description="the change that it is compared with")
    recipe: dict = Field(default_factory=dict, description="fields; of shape one by one, null for unsaid")
    prepare: dict = Field(default_factory=dict, description="fields of the preparation of the music")


class Plan(BaseModel):
    """An experiment. `runs` are what it asks for; all are taught with `budget` FLOP (see compute.py)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: float = Field(gt=0, description="FLOP of a run")
    seeds: tuple[int, ...] = Field(min_length=1)
    pieces: int = Field(48, ge=1, description="held-out pieces that bits per note are measured on")
    prepare: dict = Field(default_factory=dict)
    base: dict
    changes: dict[str, Change] = Field(default_factory=dict)

    @property
    def all(self) -> dict[str, Change]:
        """The base and its changes, by name."""
        return {BASE: Change(says="the base"), **self.changes}

    def chosen(self, only: tuple[str, ...] = ()) -> list[str]:
        """The named changes and what they are compared with, the base first; none named: all."""
        wanted = set(only or self.all)
        if unknown := wanted - set(self.all):
            raise ExperimentError(f"only names changes of the experiment ({', '.join(self.all)}); "
                                  f"received {', '.join(sorted(unknown))}.")
        while more := {self.all[name].against for name in wanted} - wanted:
            wanted |= more
        return [name for name in self.all if name in wanted]

    def preparation(self, name: str) -> Preparation:
        """What music a change is taught, and in which layout."""
        return Preparation(**{**self.prepare, **self.all[name].prepare})

    def recipe(self, name: str, data: Path, seed: int, steps: int = 1) -> Recipe:
        """The recipe of a change."""
        changed = self.all[name].recipe
        shape = {**self.base.get("shape", {}), **changed.get("shape", {})}
        said = {field: value for field, value in shape.items() if value is not None}
        return Recipe(**{**self.base, **changed, "shape": said, "name": name, "data": data, "seed": seed,
                         "steps": steps, "validate_every": steps})

    def asked(self, name: str, seed: int) -> dict:
        """All that decides what a run measures, as JSON holds it."""
        recipe = self.recipe(name, Path(), seed)
        fields = recipe.model_dump(mode="json", exclude={"name", "data", "steps", "validate_every"})
        given = {"change": name, "seed": seed, "budget": self.budget, "pieces": self.pieces,
                 "prepare": asdict(self.preparation(name)), "recipe": fields}
        return json.loads(json.dumps(given))


def read_plan(path: Path) -> Plan:
    """An experiment's file. ExperimentError names what is wrong in it, before anything is taught."""
    try:
        plan = Plan(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ExperimentError(f"{path.name}: {first_fault(error)}") from None
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise ExperimentError(f"An experiment is a YAML file of fields; {path} is not: {why}.") from None
    known = {field.name for field in fields(Preparation)}
    for name, change in plan.all.items():
        given = {**plan.base, **change.recipe}
        for field in sorted(_DECIDED.keys() & given.keys()):
            raise ExperimentError(f"{path.name}: {name}: {field} is decided by {_DECIDED[field]}.")
        for field in sorted({*plan.prepare, *change.prepare} - known):
            raise ExperimentError(f"{path.name}: {name}: prepare has {', '.join(sorted(known))}; "
                                  f"received {field}.")
        if change.against not in plan.all or change.against == name != BASE:
            raise ExperimentError(f"{path.name}: {name}: against names another change; "
                                  f"received '{change.against}'.")
        try:
            plan.preparation(name)
            plan.recipe(name, Path(), 0)
        except ValidationError as error:
            raise ExperimentError(f"{path.name}: {name}: {first_fault(error)}") from None
        except (TypeError, ValueError) as error:
            raise ExperimentError(f"{path.name}: {name}: {error}") from None
    return plan
