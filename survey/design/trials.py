"""The clips and the trials of a study, before anybody hears them. Pure: they follow from the study file."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from survey.study import (
    ClipSettings,
    OpenRatingsSection,
    PairsSection,
    RatingsSection,
    SoundCheckSection,
    Study,
)

NOTES = (2, 3, 4, 5)  # that a sound check may play


class ClipSpec(BaseModel):
    """One clip to build.

    The clip is the span of `seconds` that begins `lead_bars` bars before the end of the prompt's
    `prompt_bars` bars. What follows the prompt is the machine's (`settings` and `seed`) or, for `origin`
    human, the piece's own music; `passage` 1 is then the span right after passage 0. Clips with one
    `prompt_index` share a prompt.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    origin: Literal["human", "ai"]
    prompt_index: int
    passage: int = 0
    settings: ClipSettings | None = None
    seed: int | None = None
    seconds: float
    prompt_bars: int
    lead_bars: int

    @property
    def system(self) -> str | None:
        """The system that is to make it; None: the program's own choice, or nobody's."""
        return self.settings.system if self.settings else None


@dataclass(frozen=True)
class PromptSpec:
    """A prompt that is needed: `passages` spans of a clip's length must follow its bars in the piece."""

    index: int
    passages: int


@dataclass(frozen=True)
class SoundCheck:
    """A clip of so many short notes. It is no stimulus: nobody judges it."""

    id: str
    notes: int


@dataclass(frozen=True)
class Trial:
    """One trial before it is dealt to anybody. In `one_ai`, `ai_a` and `ai_b` the first clip is the AI's."""

    id: str
    section: str
    condition: str
    clips: tuple[ClipSpec, ...]


def seeded(study: Study, *parts: object) -> random.Random:
    """A generator of its own for every purpose, from the study's seed and the purpose's name."""
    return random.Random(_number(study, *parts))


def _number(study: Study, *parts: object) -> int:
    text = ":".join(str(part) for part in (study.seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


class _ClipMaker:
    """Hands out prompt numbers and makes the specs of one study."""

    def __init__(self, study: Study):
        self.study = study
        self.prompts = 0

    def prompt(self) -> int:
        self.prompts += 1
        return self.prompts - 1

    def ai(self, clip_id: str, prompt: int, settings: ClipSettings) -> ClipSpec:
        seed = _number(self.study, "clip", clip_id) % 2**31
        return self._spec(clip_id, "ai", prompt, settings=settings, seed=seed)

    def human(self, clip_id: str, prompt: int, passage: int = 0) -> ClipSpec:
        return self._spec(clip_id, "human", prompt, passage=passage)

    def _spec(self, clip_id: str, origin: str, prompt: int, **more: object) -> ClipSpec:
        rules = self.study.clips.model_dump()
        return ClipSpec(id=clip_id, origin=origin, prompt_index=prompt, **rules, **more)


def trials(study: Study) -> dict[str, list[Trial]]:
    """Every trial of every section with clips, by section id, in the order of the study file."""
    maker = _ClipMaker(study)
    found: dict[str, list[Trial]] = {}
    for section in study.sections:
        if isinstance(section, PairsSection):
            found[section.id] = _pairs(section, maker)
        elif isinstance(section, RatingsSection | OpenRatingsSection):
            found[section.id] = _rated(section, maker)
    return found


def _pairs(section: PairsSection, maker: _ClipMaker) -> list[Trial]:
    counts = section.pairs.model_dump(exclude={"prefer", "repeats", "attention"})
    conditions = [condition for condition, count in counts.items() for _ in range(count)]
    settings = [one for grid in section.settings for one in grid.combinations()]
    made = []
    for number, condition in enumerate(conditions, start=1):
        trial_id = f"{section.id}-{number}"
        first = maker.prompt()
        second = first if section.prompts == "same" else maker.prompt()
        chosen = settings[(number - 1) % len(settings)]
        if condition == "both_ai":
            pair = (maker.ai(f"{trial_id}-ai-1", first, chosen), maker.ai(f"{trial_id}-ai-2", second, chosen))
        elif condition == "both_human":
            # On one prompt there is only one human continuation, so the second clip is the passage after it.
            passage = 1 if second == first else 0
            pair = (maker.human(f"{trial_id}-human-1", first),
                    maker.human(f"{trial_id}-human-2", second, passage))
        else:
            pair = (maker.ai(f"{trial_id}-ai", first, chosen), maker.human(f"{trial_id}-human", second))
        made.append(Trial(trial_id, section.id, condition, pair))
    return made + _preferences(section, maker, len(made))


def _preferences(section: PairsSection, maker: _ClipMaker, before: int) -> list[Trial]:
    rivals = section.rivals()
    made = []
    for number in range(section.pairs.prefer):
        trial_id, prompt = f"{section.id}-{before + number + 1}", maker.prompt()
        pair = tuple(maker.ai(f"{trial_id}-ai-{which}", prompt, settings)
                     for which, settings in enumerate(rivals[number % len(rivals)], start=1))
        made.append(Trial(trial_id, section.id, "prefer", pair))
    return made


def _rated(section: RatingsSection | OpenRatingsSection, maker: _ClipMaker) -> list[Trial]:
    prompts = [maker.prompt() for _ in range(max(entry.prompts for entry in section.settings))]
    condition = "blind" if isinstance(section, RatingsSection) else "known_ai"
    made = []
    for entry in section.settings:
        for settings in entry.combinations():
            for prompt in prompts[: entry.prompts]:
                trial_id = f"{section.id}-{len(made) + 1}"
                clip = maker.ai(f"{trial_id}-ai", prompt, settings)
                made.append(Trial(trial_id, section.id, condition, (clip,)))
    if isinstance(section, RatingsSection) and section.human:
        for prompt in prompts:
            trial_id = f"{section.id}-{len(made) + 1}"
            clip = maker.human(f"{trial_id}-human", prompt)
            made.append(Trial(trial_id, section.id, condition, (clip,)))
    return made


def clips(study: Study) -> list[ClipSpec]:
    """Every clip of the study, in the order of its trials."""
    return [clip for section in trials(study).values() for trial in section for clip in trial.clips]


def sound_checks(study: Study) -> list[SoundCheck]:
    """The clips that the study's sound checks need: one for every number of notes, or none."""
    wanted = any(isinstance(section, SoundCheckSection) for section in study.sections)
    return [SoundCheck(f"sound-check-{notes}", notes) for notes in NOTES] if wanted else []


def prompts(study: Study) -> list[PromptSpec]:
    """Every prompt of the study, by index, and how much human music must follow it."""
    passages: dict[int, int] = {}
    for clip in clips(study):
        needed = clip.passage + 1 if clip.origin == "human" else 0
        passages[clip.prompt_index] = max(needed, passages.get(clip.prompt_index, 0))
    return [PromptSpec(index, passages[index]) for index in sorted(passages)]


def prompt_order(study: Study, pieces: int) -> list[int]:
    """The order in which the study's seed goes through a library of so many pieces, as indices into it."""
    order = list(range(pieces))
    seeded(study, "prompts").shuffle(order)
    return order
