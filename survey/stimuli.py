"""Builds a study's clips, so that nothing but the music can tell who wrote them.

Human and machine clips take one path (`survey.excerpts`, then one renderer, one loudness, one length, one
codec at a constant bit rate, and a random name): `model.to_audio` gives every clip the same number of frames,
`model.encode` the same number of bytes. What is known about a clip goes to the store and nowhere else.

A build can be killed at any time. A clip is written beside its place, moved there whole, and registered;
the next build goes on with what is not registered. Which piece is which prompt is written down before the
first clip, because the library may change between two builds. Two builds of a study at once take turns (a
lock on a file).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import model
from model import GenerationError, Score, ScoreError, Settings, Take
from survey import design, study_file
from survey.design import ClipSpec
from survey.excerpts import (
    BuildError,
    Piece,
    RoundTrip,
    choose,
    human,
    machine_bars,
    machine_prompt,
    rests,
    span,
)
from survey.store import BuiltClip, Store, StoreError
from survey.study import ClipRules, Study

LUFS = -20.0
TRIES = 3                           # calls of the generator for one clip; each tries a faulty take twice
FOLDER = "clips"                    # in the data folder
log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]


class Machine(Protocol):
    """What is needed of `model.Generator`."""

    system: str

    def stream(self, prompt: Score, settings: Settings, takes: int = 1,
               stop: threading.Event | None = None) -> Iterator[object]: ...


class _Stopped(Exception):
    """The build was asked to stop."""


def build(study: Study, store: Store, data_dir: Path, generator: Machine,
          library: Sequence[Piece], *, progress: Progress | None = None, stop: threading.Event | None = None,
          round_trip: RoundTrip | None = None) -> bool:
    """Builds the clips of a registered study that are missing.

    Args:
        study: the study, as registered.
        store: where clips are registered.
        data_dir: clips go to `clips/` in it.
        generator: makes the continuations.
        library: the pieces that prompts may be chosen from; the same order gives the same choice.
        progress: called with (clips built, clips needed), first before anything is built.
        stop: ends the build as soon as it can; nothing is lost.
        round_trip: what the system can hold of a score; if None `model.round_trip`, for the generator's.

    Returns:
        Whether every clip is there now; False if it was stopped.

    Raises:
        BuildError: if the library does not suffice, or the machine plays nothing at all.
        GenerationError: if the generator fails.
        ScoreError: if a piece cannot be read any more.
        StoreError: if the study is not registered, or the database fails.
    """
    stop = stop or threading.Event()
    progress = progress or (lambda built, needed: None)
    needed = len(design.clips(study))
    progress(needed - len(_missing(study, store, data_dir)), needed)
    folder = Path(data_dir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    workshop = _Workshop(study.clips, generator, round_trip or _held_by(generator.system), stop)
    try:
        with _turn(folder / f".{study.slug}.lock", stop):
            missing = _missing(study, store, data_dir)
            if not missing:
                progress(needed, needed)
                return True
            pieces = _pieces(study, folder / f".{study.slug}.json", library, workshop.round_trip)
            for number, spec in enumerate(missing, start=1):
                if stop.is_set():
                    return False
                store.add_clip(study.slug, spec, workshop.make(spec, pieces[spec.prompt_index], folder))
                progress(needed - len(missing) + number, needed)
    except _Stopped:
        return False
    return True


def ensure_built(slugs: str | Iterable[str], store: Store, data_dir: Path, generator: Machine,
                 library: Sequence[Piece], *, progress: Progress | None = None,
                 stop: threading.Event | None = None) -> bool:
    """Registers and builds shipped studies, one after the other, where that has not been done: for a thread.

    What goes wrong with a study is logged, and the next one is built. Returns whether all are ready.
    """
    stop = stop or threading.Event()
    ready = True
    for slug in [slugs] if isinstance(slugs, str) else slugs:
        try:
            study = study_file.load(slug)
            with suppress(StoreError):              # a changed file of a study under way: the old one goes on
                store.register(study)
            study = store.study(slug)
            ready &= build(study, store, data_dir, generator, library, progress=progress, stop=stop)
        except (BuildError, StoreError, GenerationError, ScoreError, study_file.StudyError, OSError) as error:
            if not stop.is_set():
                log.error("The clips of the study '%s' could not be built: %s", slug, error)
            ready = False
        except Exception:
            if not stop.is_set():
                log.exception("The clips of the study '%s' could not be built.", slug)
            ready = False
    return ready


# --- one clip -----------------------------------------------------------------------------------------------


class _Workshop:
    """Makes clips under the rules of one study."""

    def __init__(self, rules: ClipRules, generator: Machine, round_trip: RoundTrip, stop: threading.Event):
        self.rules = rules
        self.generator = generator
        self.round_trip = round_trip
        self.stop = stop

    def make(self, spec: ClipSpec, piece: Piece, folder: Path) -> BuiltClip:
        """One clip, written whole or not at all."""
        take = self._take(spec, piece) if spec.origin == "ai" else None
        if take is None:
            music = human(piece.score(), self.rules, spec.passage, self.round_trip)
        else:
            music = span(take.score, self.rules, 0, self.round_trip)
        audio = model.to_audio(music, seconds=spec.seconds, lufs=LUFS)
        data = model.encode(audio, "mp3")
        name = f"{secrets.token_hex(16)}.mp3"       # random, so that it tells nothing
        _write(folder / name, data)
        made_by = {} if take is None else {
            "system": take.system, "checkpoint_sha256": take.checkpoint_sha256, "seed": take.settings.seed}
        return BuiltClip(
            path=f"{FOLDER}/{name}", audio_sha256=hashlib.sha256(data).hexdigest(), duration_s=audio.seconds,
            lufs=audio.lufs, prompt_id=piece.id, title=piece.title, composer=piece.composer,
            licence=piece.licence, renderer=audio.renderer, **made_by)

    def _take(self, spec: ClipSpec, piece: Piece) -> Take:
        """The machine's continuation: the first take without fault, else the least faulty of all tries."""
        prompt = machine_prompt(piece, spec)
        bars = machine_bars(prompt, self.rules)
        best: tuple[tuple[bool, int], Take] | None = None
        seed = spec.seed
        for _ in range(TRIES):
            settings = Settings(**spec.settings.sampling, bars=bars, prompt_bars=spec.prompt_bars,
                                seed=seed)
            take = self._one(prompt, settings)
            heard = span(take.score, self.rules, 0, self.round_trip)
            # A take may sound for long and yet be silent where the clip is cut: such a clip has no loudness.
            if "empty" not in take.faults and model.cut_seconds(heard, 0.0, spec.seconds).note_num():
                resting = rests(heard, spec.seconds)
                if not resting and not take.faults:
                    return take
                if best is None or (resting, len(take.faults)) < best[0]:
                    best = (resting, len(take.faults)), take
            seed = (take.settings.seed + 1) % 2**31
        if best is None:
            raise BuildError(f"The machine played nothing for the clip '{spec.id}' after the beginning of "
                             f"'{piece.title}', with {TRIES} different seeds.")
        faults = [*best[1].faults, *(["a long silence"] if best[0][0] else [])]
        log.warning("The clip '%s' is kept though it is faulty (%s): other seeds were no better.",
                    spec.id, ", ".join(faults))
        return best[1]

    def _one(self, prompt: Score, settings: Settings) -> Take:
        ended = threading.Event()       # of its own, because a stream may set it when it ends by itself
        for event in self.generator.stream(prompt, settings, takes=1, stop=ended):
            if self.stop.is_set():
                ended.set()
            elif isinstance(event, Take):
                return event
        raise _Stopped


def _held_by(system: str) -> RoundTrip:
    return lambda score: model.round_trip(score, system)


# --- files --------------------------------------------------------------------------------------------------


def _missing(study: Study, store: Store, data_dir: Path) -> list[ClipSpec]:
    """The clips that are not registered, or whose file has gone."""
    unknown = {spec.id for spec in store.missing_clips(study.slug)}
    built = store.built_clips(study.slug)
    gone = {clip for clip, path in built.items() if not (Path(data_dir) / path).is_file()}
    return [spec for spec in design.clips(study) if spec.id in unknown | gone]


def _pieces(study: Study, path: Path, library: Sequence[Piece], round_trip: RoundTrip) -> dict[int, Piece]:
    """The piece of every prompt, by prompt index, as the first build of the study chose it."""
    by_id = {piece.id: piece for piece in library}
    of = hashlib.sha256(study.model_dump_json().encode()).hexdigest()
    with suppress(FileNotFoundError, json.JSONDecodeError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["study"] == of:
            lost = sorted(set(kept["pieces"].values()) - by_id.keys())
            if lost:
                raise BuildError(
                    f"The study '{study.slug}' has begun with pieces that the library has no more: "
                    f"{', '.join(lost)}; put them back, or give the study another slug.")
            return {int(index): by_id[piece] for index, piece in kept["pieces"].items()}
    chosen = choose(study, design.prompts(study), library, round_trip)
    kept = {"study": of, "pieces": {str(index): piece.id for index, piece in sorted(chosen.items())}}
    _write(path, json.dumps(kept, indent=1).encode())
    return chosen


def _write(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all, even if the power fails."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _turn(path: Path, stop: threading.Event) -> Iterator[None]:
    """Holds a lock that dies with the process. Waits for it, unless the build is stopped."""
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stop.wait(0.5):
                    raise _Stopped from None
        yield
