"""A small study with made-up clips, and participants who answer it: nothing stored depends on real music."""

from __future__ import annotations

import random
from contextlib import nullcontext, suppress
from datetime import timedelta
from itertools import count

import pytest

from survey import design
from survey.database import catalogue
from survey.store import BuiltClip, Due, InvalidAnswer, Store
from survey.study import Study
from survey.study.study_file import parse

SMALL = """
slug: small
title: A small study
summary: Two pairs and two ratings.
minutes: 2
seed: 7
clips: {seconds: 10, prompt_bars: 4}
sections:
  - {kind: consent, id: consent, title: Consent, text: You agree.}
  - kind: questions
    id: about_you
    title: About you
    questions:
      - {id: musician, kind: choice, text: "Do you make music?", options: {yes: "Yes", no: "No"}}
      - {id: level, kind: choice, text: "Your level?", options: {none: None, expert: Expert}, optional: true}
      - {id: age, kind: number, text: "Your age?", minimum: -5, maximum: 120, optional: true}
      - {id: trust, kind: scale, text: "Do you trust machines?", points: 7, low: No, high: Yes, optional:
        true}
      - {id: hobby, kind: text, text: "Your hobby?", optional: true}
  - kind: pairs
    id: pairs
    title: Pairs
    question: Which one?
    pairs: {one_ai: 2, both_ai: 1, both_human: 1}
    prompts: same
    settings: [{temperature: 0.5}]
    comment: Why?
  - kind: ratings
    id: ratings
    title: Ratings
    question: How good?
    low: Bad
    high: Good
    settings: [{temperature: [0.3, 0.9]}]
    human: true
    ask_recognised: true
  - kind: open_ratings
    id: open_ratings
    title: Open ratings
    question: How good?
    low: Bad
    high: Good
    settings: [{}]
    min_plays: 0
  - {kind: thanks, id: thanks, title: Thanks}
"""


CLIP_S = 0.2  # so short that no test has to wait until it was heard
# An answer to any pair of the small study.
PAIR = {"choice": "a", "plays_a": 1, "plays_b": 1, "heard_a_s": CLIP_S, "heard_b_s": CLIP_S}


def small_study(**changes: str) -> Study:
    """The small study, with some of its text replaced."""
    text = SMALL
    for old, new in changes.items():
        text = text.replace(f"{old}: ", f"{old}: {new} #", 1)
    return parse(text, "small.yaml")


def built(spec: design.ClipSpec, content: str = "", seconds: float = CLIP_S) -> BuiltClip:
    """What building this clip might have brought about."""
    machine = {"system": "test", "checkpoint_sha256": "c0ffee"} if spec.origin == "ai" else {}
    return BuiltClip(
        path=f"clips/small/{spec.id}.ogg",
        audio_sha256=content or spec.id,
        duration_s=seconds,
        lufs=-20.0,
        prompt_id=f"piece-{spec.prompt_index}",
        title="=Air",
        composer="J. S. Bach",
        licence="CC0",
        renderer="none",
        **machine,
    )


def built_check(check: design.SoundCheck) -> BuiltClip:
    """What building the clip of a sound check might have brought about."""
    return BuiltClip(path=f"clips/{check.id}.ogg", audio_sha256=check.id, duration_s=CLIP_S, lufs=-20.0,
                     prompt_id="", title="", composer="", licence="", renderer="none")


def make_ready(store: Store, study: Study, seconds: float = CLIP_S) -> Store:
    """Registers a study and all its clips."""
    store.register(study)
    for spec in store.missing_clips(study.slug):
        store.add_clip(study.slug, spec, built(spec, seconds=seconds))
    for check in store.missing_sound_checks(study.slug):
        store.add_clip(study.slug, check, built_check(check))
    return store


def payload(due: Due, rng: random.Random, heard_s: float = CLIP_S) -> dict[str, object]:
    """An answer to whatever is due, after so many seconds of every clip."""
    played: dict[str, object] = {f"plays_{clip.slot}": rng.randint(1, 3) for clip in due.clips}
    played |= {f"starts_{clip.slot}": played[f"plays_{clip.slot}"] + rng.randint(0, 1) for clip in due.clips}
    played |= {f"heard_{clip.slot}_s": heard_s for clip in due.clips}
    if due.ask_recognised:
        played["recognised"] = rng.random() < 0.1
    match due.kind:
        case "consent":
            return {"agree": True}
        case "questions":
            known = {
                "musician": rng.choice(["yes", "no"]),
                "level": "expert",
                "age": -3,
                "trust": 4,
                "hobby": "=1+1",
            }
            any_ = {"scale": 4, "choice": "3"}
            replies = {one.id: known.get(one.id, any_.get(one.kind)) for one in due.questions}
            return {"replies": replies}
        case "pair" | "preference" | "practice_pair":
            return {"choice": rng.choice(["a", "b", "both", "neither", "dont_know"]), **played}
        case "rating" | "open_rating" | "practice_rating":
            tick = {"said_ai": rng.random() < 0.5} if due.ask_ai else {}
            scales = {"scales": {scale.id: rng.randint(1, 5) for scale in due.scales}} if due.scales else {}
            return {"rating": rng.randint(1, 5), **tick, **scales, **played}
        case "sound_check":
            return {"count": rng.choice(due.counts), **played}
        case "attention":
            return {"choice": due.expected}
    return {"comment": rng.choice([None, "", "-too loud", 'Größe, "quoted"\nsecond line'])}


def hurry(monkeypatch: pytest.MonkeyPatch, seconds: float = 20) -> None:
    """Makes the server's clock jump ahead by so much at every look, for clips that take a while to hear."""
    real, jumps = catalogue.now, count()
    monkeypatch.setattr(catalogue, "now", lambda: real() + timedelta(seconds=seconds * next(jumps)))


def listen(store: Store, due: Due) -> None:
    """Streams every clip of a step whole, as a browser would."""
    for clip in due.clips:
        store.served(clip.handle, store.clip(clip.handle).duration_s)


def take(store: Store, token: str, rng: random.Random, steps: int | None = None,
         heard_s: float = CLIP_S) -> Due:
    """Answers what is due, so many steps of it or all; returns what is due then."""
    due = store.due(token)
    while not due.finished and steps != 0:
        listen(store, due)
        with suppress(InvalidAnswer) if due.kind == "sound_check" else nullcontext():   # a wrong guess
            due = store.answer(token, due.step_id, payload(due, rng, heard_s))
        steps = None if steps is None else steps - 1
    return due


def at(store: Store, kind: str) -> tuple[str, Due]:
    """A new participant at the first step of a kind, its clips fetched: (token, what is due)."""
    token, rng = store.start("small"), random.Random(1)
    due = store.due(token)
    while due.kind != kind:
        listen(store, due)
        due = store.answer(token, due.step_id, payload(due, rng))
    listen(store, due)
    return token, due


RICH = """
slug: rich
title: {en: Everything, de: Alles}
summary: Every kind of step.
minutes: 5
seed: 3
languages: [en, de]
debrief: true
parameters: [PROLIFIC_PID]
completion: {code: C0FFEE, url: "https://example.org/done?cc=C0FFEE"}
clips: {seconds: 10, prompt_bars: 4}
sections:
  - {kind: sound_check, id: sound, title: Sound}
  - {kind: questions, id: training, title: Training, block: musical_training}
  - kind: pairs
    id: practice
    title: Practice
    question: Which?
    practice: true
    pairs: {one_ai: 1}
    prompts: same
    settings: [{}]
  - kind: pairs
    id: pairs
    title: Pairs
    question: {en: "Which one?", de: "Welches?"}
    prefer_question: {en: "Which do you like?", de: "Welches mögen Sie?"}
    pairs: {one_ai: 2, both_human: 1, prefer: 3, repeats: 2, attention: 1}
    prompts: same
    settings: [{system: [one, two], temperature: 0.5}, {temperature: 0.9}]
  - kind: ratings
    id: ratings
    title: Ratings
    question: How good?
    low: Bad
    high: Good
    scales: [{id: useful, question: "How useful?", low: Not, high: Very}]
    labels: [blind, true, false]
    human: true
    settings: [{top_k: [0, 5]}]
    comment: Why?
  - {kind: comments, id: remarks, title: Remarks, question: "Anything else?"}
  - {kind: thanks, id: thanks, title: Thanks}
"""


def rich_study(**changes: str) -> Study:
    """A study with every kind of step, with some of its text replaced."""
    text = RICH
    for old, new in changes.items():
        assert f"{old}: " in text
        text = text.replace(f"{old}: ", f"{old}: {new} #", 1)
    return parse(text, "rich.yaml")
