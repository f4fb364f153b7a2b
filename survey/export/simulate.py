"""A made-up run of a study: its real design, answered by listeners who are drawn at random. Pure.

For rehearsing an analysis and for testing it. No person gave these answers, so everything carries the study
name `simulated-SLUG`, which no real study may have.

A clip c sounds made by AI to listener i by x = ±(μ/2 + u_i/2 + v_c), + for AI clips; u_i ~ N(0, LISTENER_SD²)
and v_c ~ N(0, CLIP_SD²) are crossed, as in `analysis.power`. A pair is judged by D = x_A − x_B + N(0, 1):
beyond ±UNDECIDED it is answered with the clip that sounds more like AI's, else with both or neither, by the
level of the two. μ is found so that `accuracy` is the share of right answers among those that name one clip
of a pair with exactly one AI clip. Ratings are a listener's taste plus a clip's quality plus noise, lowered
by the belief that it is AI (halo) and by the label.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

import numpy as np

from survey import design
from survey.design import ClipSpec, Step
from survey.export.columns import ANSWERS, STIMULI
from survey.study import (
    CHOICES,
    RATING_MAX,
    RATING_MIN,
    SIMULATED,
    ChoiceQuestion,
    NumberQuestion,
    Question,
    QuestionsSection,
    ScaleQuestion,
    Study,
)
from survey.values import StudyData

LISTENER_SD, CLIP_SD = 0.3, 0.1     # between listeners and between clips, in probit units
UNDECIDED = 0.25                    # evidence below this is answered with both or neither
DONT_KNOW = 0.1                     # mean share of don't know; every listener has their own
TASTE_SD, QUALITY_SD = 0.5, 0.4     # between listeners and between clips, in points of a rating
HALO, TOLD_AI = -0.4, -0.3          # of a rating, in points: for who believes in an AI, or is told of one
DROP_OUT, INATTENTIVE, SKIPPED = 0.06, 0.03, 0.15
BEGIN = datetime(2020, 1, 1, 9, tzinfo=UTC)
KINDS = {"practice_pair": "practice", "practice_rating": "practice"}
_EMPTY = dict.fromkeys([column.name for column in ANSWERS if column.name != "study"])
_UNBUILT = dict.fromkeys([column.name for column in STIMULI if column.name != "study"])
REMARKS = (
    "The left hand repeats itself.", "A little off beat near the end.", "Too chaotic for me.",
    "It felt unnatural, as if two pieces were played at once.", "I liked the melody.", "No idea, really.",
    "=1 is what I would give most of them", "Zu viele Wiederholungen,\naber schön.",
)


class SimulationError(ValueError):
    """A simulation that cannot be made; the message is one sentence."""


def simulate(study: Study, participants: int, accuracy: float, seed: int = 0) -> StudyData:
    """What the export files of a simulated run hold. The same arguments give the same data.

    Args:
        study: a real study.
        participants: how many start it; about 6% stop somewhere.
        accuracy: expected share of right answers among those that name one clip of a pair with one AI clip,
            over listeners and clips; from 0.02 to 0.98.
        seed: of all that is drawn.

    Raises:
        SimulationError: if there are no participants, or the accuracy is out of range.
    """
    if participants < 1:
        raise SimulationError(f"There must be at least 1 participant, but there are {participants}.")
    if not 0.02 <= accuracy <= 0.98:
        raise SimulationError(f"The accuracy must be from 0.02 to 0.98, but is {accuracy:g}.")
    named = study.model_copy(update={"slug": SIMULATED + study.slug})
    rng = np.random.default_rng([seed, study.seed])
    crowd = _Crowd(study, evidence(accuracy), rng)
    people, answers = [], []
    for ordinal in range(participants):
        person, given = crowd.participant(ordinal)
        people.append(person)
        answers.extend(given)
    own = study.in_language(study.language)
    return StudyData(
        named.slug, f"SIMULATED: {own.title}", {question.id: question.text for question in own.questions()},
        people, [_stimulus(clip) for clip in crowd.clips.values()], answers,
        {"study.json": named.model_dump_json()},
        {scale.id: scale.question for section in own.sections for scale in getattr(section, "scales", ())})


def evidence(accuracy: float) -> float:
    """The mean evidence μ that gives this share of right answers among the decided, for D ~ N(μ, V) with
    V = 1 + LISTENER_SD² + 2·CLIP_SD²: the root of Φ((μ−τ)/√V) / (Φ((μ−τ)/√V) + Φ((−μ−τ)/√V)) = accuracy, by
    bisection. τ is UNDECIDED.
    """
    share = NormalDist(0, (1 + LISTENER_SD**2 + 2 * CLIP_SD**2) ** 0.5).cdf
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        right, wrong = share(middle - UNDECIDED), share(-middle - UNDECIDED)
        low, high = (middle, high) if right < accuracy * (right + wrong) else (low, middle)
    return middle


@dataclass(frozen=True)
class _Listener:
    """One simulated person. `lean` is their readiness to say AI, `lost` their share of don't know."""

    skill: float
    lean: float
    taste: float
    lost: float
    pace: float


class _Crowd:
    """The listeners of one study, who all hear the same clips."""

    def __init__(self, study: Study, mean: float, rng: np.random.Generator):
        self.study, self.mean, self.rng = study, mean, rng
        self.clips = {clip.id: clip for clip in design.clips(study)}
        self.plain = {clip: rng.normal(0, CLIP_SD) for clip in self.clips}
        systems = sorted({clip.system or "" for clip in self.clips.values()})
        better = {name: rng.normal(0, TASTE_SD) if len(systems) > 1 else 0.0 for name in systems}
        self.quality = {
            name: rng.normal(0, QUALITY_SD) + better[clip.system or ""] + _setting_effect(clip)
            for name, clip in self.clips.items()}

    def participant(self, ordinal: int) -> tuple[dict[str, object], list[dict[str, object]]]:
        """One row of participants.csv, and their rows of answers.csv."""
        rng, name = self.rng, f"s{ordinal + 1:06d}"
        listener = _Listener(rng.normal(0, LISTENER_SD), rng.normal(0, 0.3), rng.normal(0, TASTE_SD),
                             rng.beta(2, 2 / DONT_KNOW - 2), rng.lognormal(0, 0.3))
        steps = design.steps(self.study, ordinal)[:-1]      # the last thanks
        ends = rng.integers(len(steps)) if rng.random() < DROP_OUT else len(steps)
        moment = started = BEGIN + timedelta(minutes=7 * ordinal)
        replies: dict[str, tuple[str, bool]] = {}
        answers = []
        for step in steps[:ends]:
            section = self.study.section(step.section)
            taken = 5_000 + int(15_000 * listener.pace * rng.lognormal(0, 0.4)) + sum(
                int(1000 * self.clips[clip].seconds) for clip in step.clips if clip in self.clips)
            moment += timedelta(milliseconds=taken)
            if isinstance(section, QuestionsSection):
                replies |= self._replies(section.questions)
            given = self._answer(step, listener)
            if given is not None:
                answers.append({
                    **_EMPTY, "answer_id": f"{name}-{len(answers) + 1}", "participant_id": name,
                    "section": step.section, "trial_id": step.trial_id, "position": step.position,
                    "kind": KINDS.get(step.kind, step.kind), "condition": step.condition, "label": step.label,
                    "repeat_of": step.repeat_of, "response_ms": taken, "answered_at": moment, **given})
        person = {
            "participant_id": name, "started_at": started,
            "finished_at": moment if ends == len(steps) else None,
            "language": self.study.languages[rng.integers(len(self.study.languages))],
            "excluded": False, "exclusion_reason": None, "replies": replies}
        return person, answers

    def _answer(self, step: Step, listener: _Listener) -> dict[str, object] | None:
        """What a step adds to answers.csv; None where it adds no row."""
        match step.kind:
            case "pair" | "practice_pair":
                return {**self._heard(step), "choice": self._judged(step, listener)}
            case "preference":
                return {**self._heard(step), "choice": self._preferred(step, listener)}
            case "attention":
                careless = self.rng.random() < INATTENTIVE
                return {"choice": CHOICES[self.rng.integers(5)] if careless else step.expected}
            case "rating" | "open_rating" | "practice_rating":
                return {**self._heard(step), **self._rated(step, listener)}
            case "comment":
                silent = self.rng.random() < 0.6
                return {"comment": None if silent else REMARKS[self.rng.integers(len(REMARKS))]}
        return None

    def _heard(self, step: Step) -> dict[str, object]:
        """Clips, starts, plays, and whether the listener knows them."""
        values: dict[str, object] = {}
        for slot, clip in zip("ab", step.clips, strict=False):
            plays = 1 + int(self.rng.random() < 0.3)
            values |= {f"stimulus_{slot}": clip, f"plays_{slot}": plays,
                       f"starts_{slot}": plays + int(self.rng.random() < 0.2),
                       f"heard_{slot}_s": self.clips[clip].seconds}
        if self.study.section(step.section).ask_recognised:
            values["recognised"] = bool(self.rng.random() < 0.04)
        return values

    def _sounds_ai(self, clip: str, listener: _Listener) -> float:
        evidence = (self.mean + listener.skill) / 2 + self.plain[clip]
        return evidence if self.clips[clip].origin == "ai" else -evidence

    def _judged(self, step: Step, listener: _Listener) -> str:
        a, b = (self._sounds_ai(clip, listener) for clip in step.clips)
        return self._chosen(a - b, (a + b) / 2 + listener.lean, listener)

    def _preferred(self, step: Step, listener: _Listener) -> str:
        a, b = (self.quality[clip] for clip in step.clips)
        return self._chosen(a - b, (a + b) / 2 + listener.taste, listener)

    def _chosen(self, difference: float, level: float, listener: _Listener) -> str:
        if self.rng.random() < listener.lost:
            return "dont_know"
        seen = difference + self.rng.normal()
        if abs(seen) < UNDECIDED:
            return "both" if level + self.rng.normal(0, 0.5) > 0 else "neither"
        return "a" if seen > 0 else "b"

    def _rated(self, step: Step, listener: _Listener) -> dict[str, object]:
        section, clip = self.study.section(step.section), step.clips[0]
        values: dict[str, object] = {}
        liked = 3.2 + listener.taste + self.quality[clip]
        if step.label is None and getattr(section, "ask_ai", False):
            values["said_ai"] = bool(
                self._sounds_ai(clip, listener) + listener.lean + self.rng.normal(0, 0.7) > 0)
            liked += HALO * values["said_ai"]
        elif step.label == "ai" or step.kind == "open_rating":
            liked += TOLD_AI
        values["rating"] = _point(liked + self.rng.normal(0, 0.8))
        if section.scales:
            values["scales"] = {scale.id: _point(liked + self.rng.normal(0, 0.9)) for scale in section.scales}
        return values

    def _replies(self, questions: list[Question]) -> dict[str, tuple[str, bool]]:
        """Replies by question id: (text, is a number)."""
        given = {}
        for question in questions:
            if not (question.optional and self.rng.random() < SKIPPED):
                given[question.id] = self._reply(question)
        return given

    def _reply(self, question: Question) -> tuple[str, bool]:
        if isinstance(question, ChoiceQuestion):
            return list(question.options)[self.rng.integers(len(question.options))], False
        if isinstance(question, ScaleQuestion):
            return str(self.rng.integers(1, question.points + 1)), True
        if isinstance(question, NumberQuestion):
            return str(int(self.rng.uniform(question.minimum, question.maximum))), True
        return "simulated", False


def _setting_effect(clip: ClipSpec) -> float:
    """How much better a clip is for its settings: best at temperature 0.9, worse with very short n-grams."""
    if clip.settings is None:
        return 0.3
    short = 0.3 if 0 < clip.settings.no_repeat_ngram <= 2 else 0.0
    return -1.5 * (clip.settings.temperature - 0.9) ** 2 - short


def _point(liked: float) -> int:
    return min(max(round(liked), RATING_MIN), RATING_MAX)


def _stimulus(clip: ClipSpec) -> dict[str, object]:
    """A row of stimuli.csv. There is no sound behind it, so hash, loudness and piece are missing."""
    settings = clip.settings.sampling if clip.settings else {}
    system = (clip.system or "simulated") if clip.origin == "ai" else None
    return {**_UNBUILT, "stimulus_id": clip.id, "origin": clip.origin, "system": system, **settings,
            "prompt_id": f"prompt-{clip.prompt_index + 1}", "seed": clip.seed, "duration_s": clip.seconds}
