"""Who hears what, in which order, from one seed. Pure: nothing is read, nothing is kept.

Three things follow from a study file alone: the clips to build and the trials of every section
(`trials`), and the sequence of steps of the n-th participant. What is balanced across participants,
and how, is in `dealing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from survey.design import dealing
from survey.design.trials import NOTES, Trial, seeded, trials
from survey.study import CHOICES, PairsSection, RatingsSection, SoundCheckSection, Study, TrialSection

StepKind = Literal["consent", "questions", "sound_check", "pair", "preference", "rating", "open_rating",
                   "attention", "practice_pair", "practice_rating", "comment", "thanks"]
_GROUPS = (("one_ai",), ("both_ai", "both_human"), ("prefer",))    # whose sides are balanced among themselves
_MIRRORED = {"ai_a": "ai_b", "ai_b": "ai_a"}


@dataclass(frozen=True)
class Step:
    """One step of one participant. `id` counts positions, so it is the same for everybody and tells no
    origin.

    `clips` holds the clip ids as heard: (A, B) of a pair, one of a rating or a sound check, none otherwise.
    `position` is 1-based within the section and None for everything but trials, as are `trial_id` and
    `condition`. `label` is what the participant is told of the clip, `repeat_of` the trial that is heard
    again, `expected` the choice that an attention check asks for, `notes` the right answer to a sound check.
    """

    id: str
    kind: StepKind
    section: str
    position: int | None = None
    of: int | None = None
    trial_id: str | None = None
    condition: str | None = None
    clips: tuple[str, ...] = ()
    label: Literal["ai", "human"] | None = None
    repeat_of: str | None = None
    expected: str | None = None
    notes: int | None = None


def steps(study: Study, ordinal: int) -> tuple[Step, ...]:
    """The whole sequence of the participant with this number (0-based, in order of arrival)."""
    by_section = trials(study)
    sequence: list[Step] = []
    for section in study.sections:
        if section.id in by_section:
            sequence.extend(_Section(study, section, by_section[section.id], ordinal).steps())
            if section.comment:
                sequence.append(Step(f"{section.id}.comment", "comment", section.id))
        elif isinstance(section, SoundCheckSection):
            notes = dealing.in_turn(_rng(study, section.id), "notes", NOTES, ordinal)
            sequence.append(Step(section.id, "sound_check", section.id, clips=(f"sound-check-{notes}",),
                                 notes=notes))
        else:
            kind = "comment" if section.kind == "comments" else section.kind
            sequence.append(Step(section.id, kind, section.id))
    return tuple(sequence)


def _rng(study: Study, section_id: str) -> dealing.Seeded:
    return lambda purpose, *parts: seeded(study, purpose, section_id, *parts)


class _Section:
    """One section with clips, as one participant goes through it."""

    def __init__(self, study: Study, section: TrialSection, dealt: list[Trial], ordinal: int):
        self.section, self.trials, self.ordinal = section, dealt, ordinal
        self.rng = _rng(study, section.id)
        counts = section.pairs if isinstance(section, PairsSection) else None
        self.again, self.checks = (counts.repeats, counts.attention) if counts else (0, 0)
        self.size = min(section.per_participant or len(dealt), len(dealt))
        self.of = self.size + self.checks + self.again
        hand = dealing.deal(self.rng, [f"{one.condition} {one.clips[0].origin}" for one in dealt], self.size,
                            self.again, ordinal)
        self.order, self.hearings = hand.order, dict(zip(hand.order, hand.hearings, strict=True))
        if section.order == "fixed":
            rank = list(range(len(dealt)))
            self.rng("order").shuffle(rank)
            self.order = tuple(trial for trial in rank if trial in self.hearings)
        self.turned = self._turned()

    def steps(self) -> Iterator[Step]:
        """The trials, attention checks evenly between them, and the repeats at the end, as far as can be from
        the first hearing."""
        due = [max(1, (number + 1) * self.size // (self.checks + 1)) for number in range(self.checks)]
        first = []
        position = 0
        for count, index in enumerate(self.order, start=1):
            position += 1
            first.append(self._trial(index, position))
            yield first[-1]
            for number in (number for number, after in enumerate(due) if after == count):
                position += 1
                yield self._attention(number, position)
        for number, step in enumerate(first[: self.again], start=1):
            yield self._repeat(step, position + number)

    def _trial(self, index: int, position: int) -> Step:
        trial = self.trials[index]
        names = tuple(clip.id for clip in trial.clips)
        label, condition = self._label(index)
        if condition == "one_ai":
            condition = "ai_b" if index in self.turned else "ai_a"
        return Step(f"{self.section.id}.{position}", self._kind(trial), self.section.id, position, self.of,
                    trial.id, condition, names[::-1] if index in self.turned else names, label)

    def _attention(self, number: int, position: int) -> Step:
        expected = dealing.in_turn(self.rng, "attention", CHOICES, self.ordinal, number)
        return Step(f"{self.section.id}.{position}", "attention", self.section.id, position, self.of,
                    f"{self.section.id}-attention-{number + 1}", f"expect_{expected}", expected=expected)

    def _repeat(self, step: Step, position: int) -> Step:
        """A trial heard once more, sides swapped."""
        return Step(f"{self.section.id}.{position}", step.kind, self.section.id, position, self.of,
                    f"{step.trial_id}-again", _MIRRORED.get(step.condition, step.condition), step.clips[::-1],
                    repeat_of=step.trial_id)

    def _kind(self, trial: Trial) -> StepKind:
        if self.section.kind == "open_ratings":
            return "open_rating"
        kind = "rating" if self.section.kind == "ratings" else "pair"
        if self.section.practice:
            return f"practice_{kind}"
        return "preference" if trial.condition == "prefer" else kind

    def _turned(self) -> set[int]:
        """The pairs whose second clip is heard as A. Catch pairs are balanced by clip."""
        heard = sorted(self.hearings)
        balanced = [[i for i in heard if self.trials[i].condition in group] for group in _GROUPS]
        fixed = {i for i in heard if self.trials[i].condition == "ai_b"}
        if self.size == len(self.trials):
            return fixed | dealing.halves(self.rng, balanced, self.ordinal)
        free = (i for group in balanced for i in group)
        return fixed | {i for i in free if dealing.turned(self.rng, i, self.hearings[i])}

    def _label(self, index: int) -> tuple[str | None, str]:
        """What is told of a trial's clip, and the condition that this makes."""
        condition = self.trials[index].condition
        if not (isinstance(self.section, RatingsSection) and self.section.labels):
            return None, condition
        origins = [trial.clips[0].origin for trial in self.trials]
        told = dealing.label(self.rng, self.section.labels, origins, index, self.hearings[index],
                             whole=self.size == len(self.trials))
        if told == "blind":
            return None, condition
        truly, falsely = ("ai", "human") if origins[index] == "ai" else ("human", "ai")
        return (truly if told == "true" else falsely), f"label_{told}"
