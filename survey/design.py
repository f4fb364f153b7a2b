"""Who hears what, in which order, from one seed. Pure: nothing is read, nothing is kept.

Three things follow from a study file alone: the clips to build, the trials of every section, and the sequence
of steps of the n-th participant. Counterbalancing works in blocks of participants, so that counts differ by
at most one after any number of them:

- sides: participants come in twos; the first gets a random half of the `one_ai` pairs with the AI at A, the
  second the mirror image;
- order: a section of n trials takes its orders from an n x n Latin square (rows of E. J. Williams' design, J.
  Aust. Chem. 2:149, 1949: for even n every trial also follows every other equally often), relabelled for
  every block of n.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from survey.study import (
    ClipSettings,
    ConsentSection,
    OpenRatingsSection,
    PairsSection,
    QuestionsSection,
    RatingsSection,
    Study,
    ThanksSection,
    TrialSection,
)

StepKind = Literal["consent", "questions", "sound_check", "pair", "preference", "rating", "open_rating",
                   "attention", "practice_pair", "practice_rating", "comment", "thanks"]


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


@dataclass(frozen=True)
class PromptSpec:
    """A prompt that is needed: `passages` spans of a clip's length must follow its bars in the piece."""

    index: int
    passages: int


@dataclass(frozen=True)
class Trial:
    """One trial before it is dealt to anybody. `clips` holds clip ids; in `one_ai` the first is the AI's."""

    id: str
    section: str
    condition: str
    clips: tuple[ClipSpec, ...]


@dataclass(frozen=True)
class Step:
    """One step of one participant. `id` counts positions, so it is the same for everybody and tells no
    origin.

    `clips` holds the clip ids as heard: (A, B) of a pair, one of a rating, none otherwise. `position` is
    1-based within the section and None for everything but trials, as are `trial_id` and `condition`.
    """

    id: str
    kind: StepKind
    section: str
    position: int | None = None
    of: int | None = None
    trial_id: str | None = None
    condition: str | None = None
    clips: tuple[str, ...] = ()


def seeded(study: Study, *parts: object) -> random.Random:
    """A generator of its own for every purpose, from the study's seed and the purpose's name."""
    return random.Random(_number(study, *parts))


def _number(study: Study, *parts: object) -> int:
    text = ":".join(str(part) for part in (study.seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


# --- clips and trials ---------------------------------------------------------------------------------------


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
    counts = section.pairs.model_dump()
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


# --- one participant ----------------------------------------------------------------------------------------


def steps(study: Study, ordinal: int) -> tuple[Step, ...]:
    """The whole sequence of the participant with this number (0-based, in order of arrival)."""
    by_section = trials(study)
    sequence: list[Step] = []
    for section in study.sections:
        match section:
            case ConsentSection() | QuestionsSection() | ThanksSection():
                sequence.append(Step(section.id, section.kind, section.id))
            case _:
                sequence.extend(_trial_steps(study, section, by_section[section.id], ordinal))
                if section.comment:
                    sequence.append(Step(f"{section.id}.comment", "comment", section.id))
    return tuple(sequence)


def _trial_steps(study: Study, section: TrialSection, dealt: list[Trial], ordinal: int) -> list[Step]:
    kind = {"pairs": "pair", "ratings": "rating", "open_ratings": "open_rating"}[section.kind]
    flipped = _flipped(study, section.id, dealt, ordinal)
    sequence = []
    for position, index in enumerate(_order(study, section, len(dealt), ordinal), start=1):
        trial = dealt[index]
        heard = [clip.id for clip in trial.clips]
        condition = trial.condition
        if index in flipped:
            heard.reverse()
        if condition == "one_ai":
            condition = "ai_b" if index in flipped else "ai_a"
        sequence.append(Step(f"{section.id}.{position}", kind, section.id, position, len(dealt),
                             trial.id, condition, tuple(heard)))
    return sequence


def _flipped(study: Study, section_id: str, dealt: list[Trial], ordinal: int) -> set[int]:
    """The pairs whose second clip is heard as A by this participant.

    Catch pairs have no side to balance but their two clips do, so they are flipped for every other
    participant.
    """
    block, mirrored = divmod(ordinal, 2)
    rng = seeded(study, "sides", section_id, block)
    flipped = {i for i, trial in enumerate(dealt) if trial.condition == "ai_b"}
    for conditions in (("one_ai",), ("both_ai", "both_human")):
        free = [i for i, trial in enumerate(dealt) if trial.condition in conditions]
        rng.shuffle(free)
        half = len(free) // 2 + (len(free) % 2 and rng.randrange(2))
        flipped |= set(free[half:] if mirrored else free[:half])
    return flipped


def _order(study: Study, section: TrialSection, n: int, ordinal: int) -> list[int]:
    """The section's trials in this participant's order, as indices."""
    labels = list(range(n))
    if section.order == "fixed":
        seeded(study, "order", section.id).shuffle(labels)
        return labels
    block, row = divmod(ordinal, n)
    rng = seeded(study, "order", section.id, block)
    rng.shuffle(labels)
    rows = list(range(n))
    rng.shuffle(rows)
    return [labels[(column + rows[row]) % n] for column in _williams(n)]


def _williams(n: int) -> list[int]:
    """The first row of Williams' Latin square: 0, 1, n-1, 2, n-2, ..."""
    return [(position + 1) // 2 if position % 2 else (n - position // 2) % n for position in range(n)]
