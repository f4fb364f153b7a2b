"""Folders of MIDI -> token arrays that training reads without any MIDI library.

A prepared folder holds
    tokenizer.json        the layout and its vocabulary
    train.npy valid.npy test.npy    pieces one after the other in the layout's steps, (n,) or (n, fields)
    pieces.csv            one row a piece: split, offset, tokens (steps), notes, transposition, data set, file
    prepared.json         what was asked for, and counts
Splits are 80/10/10 by source piece: sections and transpositions of one piece never straddle a split.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from symusic import Score

from model.layouts import FILE, SPLITS, Layout, create, load
from model.score import Limits, ScoreError, cut_bars, read

_LIMITS = Limits(max_bytes=20_000_000, max_notes=200_000, max_bars=10_000, max_tracks=64, max_seconds=7200.0)


@dataclass(frozen=True)
class Preparation:
    """What `prepare` is asked for; kept in prepared.json. ValueError says what is out of its range."""

    layout: str = "events"
    vocabulary: int = 5000
    vocabulary_files: int = 400
    four_four: bool = True
    max_bars: int | None = None
    transpositions: int = 0     # other keys in which a training piece is learnt too
    only: tuple[str, ...] = ()  # these data sets alone; none named: all
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.transpositions <= 11:
            raise ValueError(f"transpositions is a number from 0 to 11; received {self.transpositions}.")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit is at least 1; received {self.limit}.")
        if self.max_bars is not None and self.max_bars < 1:
            raise ValueError(f"max_bars is at least 1; received {self.max_bars}.")


@dataclass(frozen=True)
class Source:
    """One file and the piece that it comes from."""

    path: str
    piece: str
    dataset: str


def sources(folder: Path, index: Path | None = None) -> list[Source]:
    """Every .mid and .midi below `folder`, sorted.

    `index` is an optional CSV with columns path (relative to `folder`'s parent or to `folder`), source_file
    and dataset. Without it a piece is its file, less a trailing _s0, _s1 ... that marks sections of one
    piece, and the data set is the first folder.
    """
    rows = {}
    if index is not None:
        with open(index, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = {"path", "source_file", "dataset"} - set(reader.fieldnames or ())
            if missing:
                lacking = ", ".join(sorted(missing))
                raise ValueError(f"An index has path, source_file and dataset; {index.name} lacks {lacking}.")
            rows = {row["path"]: row for row in reader}
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi")):
        relative = path.relative_to(folder)
        row = rows.get(str(relative)) or rows.get(f"{folder.name}/{relative}")
        piece = row["source_file"] if row else re.sub(r"_s\d+$", "", str(relative.with_suffix("")))
        dataset = row["dataset"] if row else relative.parts[0] if len(relative.parts) > 1 else folder.name
        found.append(Source(str(path), piece, dataset))
    if not found:
        raise ValueError(f"A folder to prepare holds .mid or .midi files; {folder} has none.")
    return found


def split_of(piece: str, seed: int) -> str:
    """train, valid or test (80/10/10), a pure function of the piece's name and the seed."""
    draw = int.from_bytes(hashlib.sha256(f"{seed}:{piece}".encode()).digest()[:8], "big") / 2**64
    return "train" if draw < 0.8 else "valid" if draw < 0.9 else "test"


def transpose(score: Score, semitones: int, lowest: int = 21, highest: int = 108) -> Score:
    """The score with every pitched note moved; one that would leave the range, by an octave less or more."""
    moved = score.copy()
    for track in moved.tracks:
        if not track.is_drum:
            for note in track.notes:
                pitch = note.pitch + semitones
                note.pitch = pitch - 12 if pitch > highest else pitch + 12 if pitch < lowest else pitch
    return moved


def prepare(
    folder: Path,
    out: Path,
    asked: Preparation,
    index: Path | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict:
    """Write a prepared folder (see the module's docstring) and return what prepared.json holds.

    ValueError when the folder has no MIDI files or the index or what was asked for cannot be used.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = sources(folder, index)
    if missing := set(asked.only) - {file.dataset for file in files}:
        raise ValueError(f"only names data sets of {folder}; it has no {', '.join(sorted(missing))}.")
    order = np.random.default_rng(asked.seed).permutation(len(files))
    files = [files[i] for i in order if not asked.only or files[i].dataset in asked.only][: asked.limit]
    layout = create(asked.layout)
    learn = [s.path for s in files if split_of(s.piece, asked.seed) == "train"][: asked.vocabulary_files]
    layout.learn([Path(p) for p in learn], asked.vocabulary)
    layout.save(out / FILE)

    arrays: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    lengths = dict.fromkeys(SPLITS, 0)
    rows, skipped = [], {}
    encoded = _encode_all(files, out, asked, workers)
    for done, (source, pieces, reason) in enumerate(encoded, 1):
        progress(done, len(files))
        if reason:
            skipped[reason] = skipped.get(reason, 0) + 1
        split = split_of(source.piece, asked.seed)
        for semitones, steps in pieces:
            arrays[split].append(steps)
            name = str(Path(source.path).relative_to(folder))
            rows.append((split, lengths[split], len(steps), layout.notes(steps), semitones,
                         source.dataset, name))
            lengths[split] += len(steps)
    for split in SPLITS:
        np.save(out / f"{split}.npy", np.concatenate([layout.empty, *arrays[split]]))
    with open(out / "pieces.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "offset", "tokens", "notes", "transposition", "dataset", "file"])
        writer.writerows(rows)
    notes = {split: sum(row[3] for row in rows if row[0] == split) for split in SPLITS}
    summary = {**asdict(asked), "files": len(files), "skipped": skipped, "tokens": lengths, "notes": notes,
               "datasets": _learnt(rows)}
    (out / "prepared.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def _learnt(rows: list[tuple]) -> dict[str, dict[str, int]]:
    """Files and notes of every data set in the training split, transpositions not counted."""
    found: dict[str, dict[str, int]] = {}
    for split, _, _, notes, semitones, dataset, _ in rows:
        if split == "train" and semitones == 0:
            entry = found.setdefault(dataset, {"files": 0, "notes": 0})
            entry["files"] += 1
            entry["notes"] += notes
    return dict(sorted(found.items()))


Encoded = tuple[Source, list[tuple[int, np.ndarray]], str | None]


def _encode_all(files: list[Source], out: Path, asked: Preparation, workers: int) -> Iterator[Encoded]:
    """Every file as `_encode` gives it, in order."""
    if workers == 1:
        ready = load(out)
        yield from (_encode(file, ready, asked) for file in files)
        return
    # Not by fork: a vocabulary was trained by threads of this process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(out, asked)) as pool:
        yield from pool.map(_encode_here, files, chunksize=16)


_here: tuple[Layout, Preparation]        # of a worker process


def _start(out: Path, asked: Preparation) -> None:
    global _here
    _here = load(out), asked


def _encode_here(source: Source) -> Encoded:
    return _encode(source, *_here)


def _encode(source: Source, layout: Layout, asked: Preparation) -> Encoded:
    """The steps of a file, for training in each of its transpositions too, or why it was skipped."""
    try:
        score = read(source.path, _LIMITS)
    except ScoreError:
        return source, [], "unreadable"
    if asked.four_four and any((t.numerator, t.denominator) != (4, 4) for t in score.time_signatures):
        return source, [], "not 4/4"
    if asked.max_bars:
        score = cut_bars(score, 0, asked.max_bars)
    shifts = [0]
    if split_of(source.piece, asked.seed) == "train":
        # Drawn by the piece, so that its sections move together and the folder may lie anywhere.
        digest = hashlib.sha256(f"{asked.seed}:{source.piece}:keys".encode()).digest()
        others = np.random.default_rng(list(digest[:8])).permutation([*range(-5, 0), *range(1, 7)])
        shifts += others[: asked.transpositions].tolist()
    pieces = [(shift, layout.piece(transpose(score, shift), source.dataset)) for shift in shifts]
    pieces = [(shift, steps) for shift, steps in pieces if len(steps)]
    return source, pieces, None if pieces else "no notes in range"
