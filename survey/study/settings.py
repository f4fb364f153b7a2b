"""What a study file says of its clips: their length, and the settings that the machine samples with."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from survey.study.mistakes import placed
from survey.study.schema import Strict

MOST_COMBINATIONS = 1_000           # of one grid of settings
Temperature = Annotated[float, Field(ge=0.05, le=2)]
TopK = Annotated[int, Field(ge=0, le=200)]
TopP = Annotated[float, Field(ge=0.05, le=1)]
Ngram = Annotated[int, Field(ge=0, le=32)]
System = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] | None


class ClipRules(Strict):
    """What all clips of the study have in common.

    A piece's first `prompt_bars` bars are the prompt. A clip starts `lead_bars` bars before the prompt's end
    (0: the continuation alone is heard) and lasts exactly `seconds`, whoever wrote the continuation.
    """

    seconds: float = Field(ge=3, le=120)
    prompt_bars: int = Field(ge=1, le=64)
    lead_bars: int = Field(default=0, ge=0, le=64)

    @model_validator(mode="after")
    def _lead_within_prompt(self) -> ClipRules:
        if self.lead_bars > self.prompt_bars:
            raise ValueError(f"lead_bars ({self.lead_bars}) may not exceed prompt_bars ({self.prompt_bars})")
        return self


class ClipSettings(Strict):
    """How the machine makes a clip: which system (None: the program's own choice) and how it samples, by the
    names and ranges of `model.Settings`."""

    system: System = None
    temperature: Temperature = 1.0
    top_k: TopK = 0
    top_p: TopP = 0.95
    no_repeat_ngram: Ngram = 0

    @property
    def sampling(self) -> dict[str, float | int]:
        """The settings of the sampling alone, by name."""
        return self.model_dump(exclude={"system"})


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_Listed = (BeforeValidator(_listed), Field(min_length=1, max_length=20))


class SettingsGrid(Strict):
    """Settings in which every value may be a list: all combinations are meant."""

    system: Annotated[list[System], *_Listed] = Field(default=[None])
    temperature: Annotated[list[Temperature], *_Listed] = Field(default=[1.0])
    top_k: Annotated[list[TopK], *_Listed] = Field(default=[0])
    top_p: Annotated[list[TopP], *_Listed] = Field(default=[0.95])
    no_repeat_ngram: Annotated[list[Ngram], *_Listed] = Field(default=[0])

    @model_validator(mode="after")
    def _can_be_built(self) -> SettingsGrid:
        count = prod(len(getattr(self, name)) for name in ClipSettings.model_fields)
        if count > MOST_COMBINATIONS:
            raise placed(f"stands for {count:,} combinations, but may stand for at most "
                         f"{MOST_COMBINATIONS:,}", ())
        return self

    def combinations(self) -> list[ClipSettings]:
        """Every combination, the last named value varying fastest."""
        names = list(ClipSettings.model_fields)
        values = [getattr(self, name) for name in names]
        return [ClipSettings(**dict(zip(names, one, strict=True))) for one in product(*values)]


class RatedSettings(SettingsGrid):
    """Settings that are heard on the first `prompts` prompts of their section, always with another seed."""

    prompts: int = Field(default=1, ge=1, le=50)
