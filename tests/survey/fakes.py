"""Pieces, and a machine that continues them without a network. Nothing else of a build is made up."""

from __future__ import annotations

import csv
import io
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from symusic import Note, Score, Tempo, TimeSignature, Track

from model import Progress, Settings, Take, join
from survey.export import export
from survey.store import Store

TPQ = 480
BAR = 4 * TPQ


def melody(seed: int, bars: int, *, beats: int = 4, tempo: float = 120, program: int = 0, velocity: int = 90,
           pitches: range = range(55, 80)) -> Score:
    """A quarter note on every beat, of a pitch that the seed chooses."""
    rng = random.Random(seed)
    score = Score(TPQ)
    score.tempos.append(Tempo(0, qpm=tempo))
    score.time_signatures.append(TimeSignature(0, beats, 4))
    track = Track(program=program)
    for beat in range(bars * beats):
        track.notes.append(Note(beat * TPQ, TPQ - 20, rng.choice(pitches), velocity))
    score.tracks.append(track)
    return score


@dataclass(frozen=True)
class FakePiece:
    """A piece of the library."""

    number: int
    bars: int = 24
    beats: int = 4
    in_training: bool = False
    title: str = "Air"
    composer: str = "Anon."
    licence: str = "CC0-1.0"

    @property
    def id(self) -> str:
        return f"piece-{self.number}"

    def score(self) -> Score:
        return melody(self.number, self.bars, beats=self.beats)


class FakeMachine:
    """Continues with a melody of the seed's. `faults` gives a seed its take's faults, `always` all others."""

    system = "fake"

    def __init__(self) -> None:
        self.calls: list[Settings] = []
        self.faults: dict[int, tuple[str, ...]] = {}
        self.always: tuple[str, ...] = ()

    def continuation(self, prompt: Score, settings: Settings) -> Score:
        return melody(settings.seed, settings.bars)

    def stream(self, prompt: Score, settings: Settings, takes: int = 1,
               stop: threading.Event | None = None) -> Iterator[Progress | Take]:
        self.calls.append(settings)
        yield Progress(0, 1, 1, 0.5, None)
        faults = self.faults.get(settings.seed, self.always)
        music = Score(TPQ) if "empty" in faults else self.continuation(prompt, settings)
        yield Take(index=0, score=join(prompt, music, at_bar=settings.prompt_bars), seam_s=0.0,
                   seam_bar=settings.prompt_bars, settings=replace(settings), faults=faults, retried=False,
                   complete=True, system=self.system, checkpoint_sha256="c0ffee" * 10, tokens=1, notes=1,
                   elapsed_s=0.0)


TONES = """
slug: tones
title: Tones
summary: Short.
minutes: 1
seed: 11
clips: {seconds: 3, prompt_bars: 2, lead_bars: 1}
sections:
  - kind: pairs
    id: pairs
    title: Pairs
    question: Which one?
    pairs: {one_ai: 1, both_ai: 1, both_human: 1}
    prompts: same
    settings: [{temperature: 0.7, top_k: 12, no_repeat_ngram: 4}]
  - {kind: thanks, id: thanks, title: Thanks}
"""
PIECES = [FakePiece(number) for number in range(8)]


def same(score: Score) -> Score:
    """A vocabulary that holds everything."""
    return score.copy()


def files(store: Store, folder: Path, slug: str = "tones") -> dict[str, bytes]:
    """The bytes of every clip that is built."""
    return {name: (folder / path).read_bytes() for name, path in store.built_clips(slug).items()}


def records(store: Store, folder: Path, slug: str = "tones") -> dict[str, dict[str, str]]:
    """stimuli.csv, by clip."""
    export(store, slug, folder / "out")
    text = (folder / "out" / "stimuli.csv").read_text(encoding="utf-8")
    return {row["stimulus_id"]: row for row in csv.DictReader(io.StringIO(text))}
