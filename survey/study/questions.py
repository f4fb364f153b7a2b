"""Questions about a participant: their kinds, and the blocks of them that are ready to use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, model_validator

from survey.study.schema import Identifier, Label, Strict, Text

LEVELS = ("none", "beginner", "intermediate", "advanced", "expert")
BLOCKS = Path(__file__).parent / "blocks"
Value = Annotated[str, Field(min_length=1, max_length=100)]


class _Question(Strict):
    """What all questions have. `musician` and `level` have own export columns; others get `q_<id>`."""

    id: Identifier
    text: Text
    optional: bool = False


class ChoiceQuestion(_Question):
    """One of several answers; `options` maps the value that is stored to the label that is shown."""

    kind: Literal["choice"]
    options: dict[Value, Label] = Field(min_length=2)


class NumberQuestion(_Question):
    """A number between `minimum` and `maximum`, both allowed."""

    kind: Literal["number"]
    minimum: float = Field(allow_inf_nan=False)
    maximum: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _ordered(self) -> NumberQuestion:
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) must be below maximum ({self.maximum:g})")
        return self


class ScaleQuestion(_Question):
    """A whole number from 1 to `points`, with a label at either end."""

    kind: Literal["scale"]
    points: int = Field(default=7, ge=2, le=11)
    low: Label
    high: Label


class TextQuestion(_Question):
    """Free text of at most 2,000 characters."""

    kind: Literal["text"]


Question = Annotated[
    ChoiceQuestion | NumberQuestion | ScaleQuestion | TextQuestion, Field(discriminator="kind")
]


@cache
def blocks() -> tuple[str, ...]:
    """The names of the blocks that ship."""
    return tuple(sorted(path.stem for path in BLOCKS.glob("*.yaml")))


def block(name: str) -> list[dict[str, object]]:
    """The questions of a block, as a study file would have them.

    Raises:
        KeyError: if there is no such block.
    """
    if name not in blocks():
        raise KeyError(name)
    return yaml.safe_load((BLOCKS / f"{name}.yaml").read_text(encoding="utf-8"))
