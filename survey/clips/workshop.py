"""Makes one clip: music by a person or a system, through one path to a file that tells nothing else.

The path is `model.human_clip` or `model.machine_clip`, then `model.clip_audio`. Music that cannot be as loud
as all clips becomes none: a piece is passed over when prompts are chosen, and the machine tries another seed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import model
from model import (
    LUFS,
    TRIES,
    Audio,
    RoundTrip,
    Score,
    Settings,
    Take,
    at_loudness,
    clip_audio,
    human_clip,
    machine_bars,
    machine_clip,
)
from survey.clips import cues, soundcheck
from survey.clips.excerpts import BuildError, Piece, machine_prompt
from survey.clips.files import write_whole
from survey.design import ClipSpec, SoundCheck
from survey.study import ClipRules
from survey.values import BuiltClip

FOLDER = "clips"                    # in the data folder
log = logging.getLogger(__name__)


class Machine(Protocol):
    """What is needed of `model.Generator`."""

    system: str

    def stream(self, prompt: Score, settings: Settings, takes: int = 1,
               stop: threading.Event | None = None) -> Iterator[object]: ...

    def close(self) -> None: ...


class Stopped(Exception):
    """The build was asked to stop."""


class Machines:
    """The systems of a study, each opened when its first clip is made and closed by the stack.

    default: for clips that name no system, or this one's; it stays open.
    """

    def __init__(self, default: Machine, open_machine: Callable[[str], Machine], stack: ExitStack):
        self._default, self._open, self._stack = default, open_machine, stack
        self._opened: dict[str, Machine] = {}

    def __getitem__(self, system: str | None) -> Machine:
        if system is None or system == self._default.system:
            return self._default
        if system not in self._opened:
            self._opened[system] = self._stack.enter_context(closing(self._open(system)))
        return self._opened[system]


def common_round_trip(default: str, specs: Sequence[ClipSpec]) -> RoundTrip:
    """What all systems of some clips can hold of a score: the default's round trip, then those of the others.

    The vocabularies differ in small things (which velocities and tempi there are) that would tell one system
    from another and all of them from people, so every clip passes through all.
    """
    systems = [default, *sorted({spec.system for spec in specs if spec.system} - {default})]

    def held(score: Score) -> Score:
        for system in systems:
            score = model.round_trip(score, system)
        return score

    return held


@dataclass(frozen=True)
class Workshop:
    """Makes the clips of one study, under its rules."""

    rules: ClipRules
    machines: Machines
    round_trip: RoundTrip
    stop: threading.Event

    def make(self, spec: ClipSpec, piece: Piece, folder: Path) -> BuiltClip:
        """One clip, written whole or not at all.

        Raises:
            BuildError: if the machine plays nothing that can be used, or the piece has changed.
        """
        made_by: dict[str, object] = {}
        if spec.origin == "ai":
            take, music, audio = self._machine(spec, piece)
            made_by = {"system": spec.system or take.system, "checkpoint_sha256": take.checkpoint_sha256,
                       "seed": take.settings.seed}
        else:
            music = human_clip(piece.score(), self.rules, spec.passage, self.round_trip)
            audio = self.play(music)
            if not at_loudness(audio):
                raise BuildError(f"The clip '{spec.id}' of '{piece.title}' cannot be as loud as the others: "
                                 f"{audio.lufs:.1f} LUFS instead of {LUFS:g}.")
        data, name = _written(audio, folder)
        facts = cues.measure(music, audio, len(data)) | cues.copies(
            model.cut_seconds(music, 0.0, spec.seconds), machine_prompt(piece, spec))
        return BuiltClip(
            path=name, audio_sha256=hashlib.sha256(data).hexdigest(), duration_s=audio.seconds,
            lufs=audio.lufs, prompt_id=piece.id, title=piece.title, composer=piece.composer,
            licence=piece.licence, renderer=audio.renderer, facts=json.dumps(facts), **made_by)

    def sound_check(self, check: SoundCheck, folder: Path) -> BuiltClip:
        """The clip of a sound check. It is nobody's music, and no audit asks for it."""
        audio = model.to_audio(soundcheck.music(check.notes), seconds=soundcheck.SECONDS, lufs=LUFS)
        data, name = _written(audio, folder)
        return BuiltClip(path=name, audio_sha256=hashlib.sha256(data).hexdigest(), duration_s=audio.seconds,
                         lufs=audio.lufs, prompt_id="", title="", composer="", licence="",
                         renderer=audio.renderer)

    def play(self, music: Score) -> Audio:
        """The sound of a clip, cut or filled to the length of all."""
        return clip_audio(music, self.rules.seconds)

    def plays(self, music: Score) -> bool:
        """Whether music can be played as loud as all clips are."""
        return at_loudness(self.play(music))

    def _machine(self, spec: ClipSpec, piece: Piece) -> tuple[Take, Score, Audio]:
        """The machine's continuation, as `model.machine_clip` chooses among its tries."""
        prompt = machine_prompt(piece, spec)
        asked = Settings(**spec.settings.sampling, bars=machine_bars(prompt, self.rules),
                         prompt_bars=spec.prompt_bars, seed=spec.seed)
        made = machine_clip(lambda settings: self._take(prompt, settings, spec.system), asked, self.rules,
                            self.round_trip)
        if made is None:
            raise BuildError(f"The machine played nothing for the clip '{spec.id}' after the beginning of "
                             f"'{piece.title}', with {TRIES} different seeds, or too little to be as loud as "
                             "the other clips.")
        if made.faults:
            log.warning("The clip '%s' is kept though it is faulty (%s): other seeds were no better.",
                        spec.id, ", ".join(made.faults))
        return made.take, made.music, made.audio

    def _take(self, prompt: Score, settings: Settings, system: str | None) -> Take:
        ended = threading.Event()       # of its own, because a stream may set it when it ends by itself
        for event in self.machines[system].stream(prompt, settings, takes=1, stop=ended):
            if self.stop.is_set():
                ended.set()
            elif isinstance(event, Take):
                return event
        raise Stopped


def _written(audio: Audio, folder: Path) -> tuple[bytes, str]:
    """The bytes of a file, and the path that it lies at, below the data folder: random, it tells nothing."""
    data, name = model.encode(audio, "mp3"), f"{secrets.token_hex(16)}.mp3"
    write_whole(folder / name, data)
    return data, f"{FOLDER}/{name}"
