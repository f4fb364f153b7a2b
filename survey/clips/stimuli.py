"""Builds a study's clips, so that nothing but the music can tell who wrote them.

Human and machine clips take one path (`clips.excerpts`, then one renderer, one loudness, one length, one
codec at a constant bit rate, and a random name): `model.to_audio` gives every clip the same number of frames,
`model.encode` the same number of bytes. What is known about a clip goes to the store and nowhere else.

A build can be killed at any time. A clip is written beside its place, moved there whole, and registered;
the next build goes on with what is not registered. Which piece is which prompt is written down before the
first clip, because the library may change between two builds. Two builds of a study at once take turns (a
lock on a file). A build that ends removes the files of clips that no study uses any more.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import model
from survey import design
from survey.clips.excerpts import BuildError, Piece, choose
from survey.clips.files import turn, write_whole
from survey.clips.workshop import FOLDER, Machine, Machines, Stopped, Workshop, common_round_trip
from survey.design import ClipSpec, SoundCheck
from survey.store import BuiltClip, Conflict, Store
from survey.study import Study

Progress = Callable[[int, int], None]


def build(study: Study, store: Store, data_dir: Path, generator: Machine,
          library: Sequence[Piece], *, progress: Progress | None = None, stop: threading.Event | None = None,
          round_trip: model.RoundTrip | None = None,
          open_machine: Callable[[str], Machine] = lambda system: model.Generator(system)) -> bool:
    """Builds the clips of a registered study that are missing.

    Args:
        study: the study, as registered.
        store: where clips are registered.
        data_dir: clips go to `clips/` in it.
        generator: makes the continuations for which the study names no system, or this one's.
        library: the pieces that prompts may be chosen from; the same order gives the same choice.
        progress: called with (clips built, clips needed), first before anything is built.
        stop: ends the build as soon as it can; nothing is lost.
        round_trip: what the systems can hold of a score; `workshop.common_round_trip` if None.
        open_machine: opens another system by its name; it is closed when the build ends.

    Returns:
        Whether every clip is there now; False if it was stopped.

    Raises:
        BuildError: if the library does not suffice, or the machine plays nothing at all.
        CheckpointError: if the study names a system that there is not; a ValueError.
        GenerationError: if the generator fails.
        ScoreError: if a piece cannot be read any more.
        StoreError: if the study is not registered, or the database fails.
    """
    stop = stop or threading.Event()
    progress = progress or (lambda built, needed: None)
    needed = len(_wanted(study))
    progress(needed - len(_missing(study, store, data_dir)), needed)
    folder = Path(data_dir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    held = round_trip or common_round_trip(generator.system, design.clips(study))
    try:
        with ExitStack() as stack:
            workshop = Workshop(study.clips, Machines(generator, open_machine, stack), held, stop)
            if not stack.enter_context(turn(folder / f".{study.slug}.lock", stop)):
                return False
            missing = _missing(study, store, data_dir)
            if not missing:
                progress(needed, needed)
                _remove_discarded(store, data_dir)
                return True
            pieces = _pieces(study, folder / f".{study.slug}.json", library, workshop)
            missing = [*_outdated(store, study, pieces, missing), *missing]     # so ready only with the last
            for number, spec in enumerate(missing, start=1):
                if stop.is_set():
                    return False
                made = (workshop.sound_check(spec, folder) if isinstance(spec, SoundCheck)
                        else workshop.make(spec, pieces[spec.prompt_index], folder))
                _register(store, study.slug, spec, made, data_dir)
                progress(needed - len(missing) + number, needed)
            _remove_discarded(store, data_dir)
    except Stopped:
        return False
    return True


# --- files --------------------------------------------------------------------------------------------------


def _register(store: Store, slug: str, spec: ClipSpec | SoundCheck, made: BuiltClip, data_dir: Path) -> None:
    """Registers a clip; a file that the store does not want is removed."""
    try:
        store.add_clip(slug, spec, made)
    except Conflict:
        (Path(data_dir) / made.path).unlink(missing_ok=True)
        raise


def _remove_discarded(store: Store, data_dir: Path) -> None:
    """Removes the files of former clips that no study uses any more: those of changed studies."""
    paths = store.discarded_files()
    for path in paths:
        (Path(data_dir) / path).unlink(missing_ok=True)
    store.forget_files(paths)


def _wanted(study: Study) -> list[ClipSpec | SoundCheck]:
    return [*design.clips(study), *design.sound_checks(study)]


def _missing(study: Study, store: Store, data_dir: Path) -> list[ClipSpec | SoundCheck]:
    """The clips that are not registered, or whose file has gone."""
    missing = [*store.missing_clips(study.slug), *store.missing_sound_checks(study.slug)]
    unknown = {spec.id for spec in missing}
    built = store.built_clips(study.slug)
    gone = {clip for clip, path in built.items() if not (Path(data_dir) / path).is_file()}
    return [spec for spec in _wanted(study) if spec.id in unknown | gone]


def _outdated(store: Store, study: Study, pieces: Mapping[int, Piece],
              missing: Sequence[ClipSpec | SoundCheck]) -> list[ClipSpec]:
    """The clips that are there, but of another piece: the study has changed since, and its choice with it."""
    of = {clip.id: clip.prompt_id for clip in store.measured(study.slug)}
    return [spec for spec in design.clips(study)
            if spec not in missing and of[spec.id] != pieces[spec.prompt_index].id]


def _pieces(study: Study, path: Path, library: Sequence[Piece], workshop: Workshop) -> dict[int, Piece]:
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
    chosen = choose(study, design.prompts(study), library, workshop.round_trip, workshop.plays)
    kept = {"study": of, "pieces": {str(index): piece.id for index, piece in sorted(chosen.items())}}
    write_whole(path, json.dumps(kept, indent=1).encode())
    return chosen
