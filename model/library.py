"""Human music to continue and to compare with: excerpts of music21's corpus and a researcher's folder."""

import csv
import hashlib
import json
import logging
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from symusic import Score

from model.corpus import VERSION, Excerpt, convert
from model.excerpts import EXCERPTS
from model.instruments import DRUMS
from model.score import Description, ScoreError, describe, read, write

COLUMNS = ("path", "title", "composer", "licence", "source")
_LOG = logging.getLogger(__name__)
_CONVERTING = threading.Lock()              # music21 keeps global state


class LibraryError(ValueError):
    """A library folder that cannot be used. The message is one sentence for people."""


@dataclass(frozen=True)
class Piece:
    """A piece or excerpt by a person. ``id`` names it without telling what it is."""

    id: str
    title: str
    composer: str
    ensemble: str
    licence: str
    source: str                             # where the file comes from
    bars: int
    in_training: bool = False               # the shipped weights have seen it: leave it out of blind tests
    path: Path = field(default=Path(), repr=False)
    excerpt: Excerpt | None = field(default=None, repr=False)

    def score(self) -> Score:
        """The music. An excerpt is converted once and kept at ``path``; a second process may do so as well.

        Raises ScoreError if the file has gone or is no music any more.
        """
        if self.excerpt is None:
            return read(self.path)
        try:
            return read(self.path)
        except ScoreError:                  # not there yet, or damaged
            with _CONVERTING:
                data = write(convert(self.excerpt))
        try:
            _replace(self.path, data)
        except OSError as error:            # a read-only or full disk costs time, not music
            _LOG.warning("%s could not be kept: %s", self.path, error)
        return read(data)


def _replace(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, whoever else writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:10]


def prompts(cache: Path) -> list[Piece]:
    """The excerpts of music21's corpus. Nothing is converted before ``score`` is asked for."""
    return [_piece(excerpt, cache) for excerpt in EXCERPTS]


def _piece(excerpt: Excerpt, cache: Path) -> Piece:
    name = "c" + _digest(excerpt.file, excerpt.tune, excerpt.skip)
    return Piece(name, excerpt.title, excerpt.composer, excerpt.ensemble, excerpt.licence,
                 f"music21 corpus: {excerpt.file}", excerpt.bars, excerpt.in_training,
                 cache / "excerpts" / f"{name}-{_digest(VERSION, excerpt)}.mid", excerpt)


def human_pieces(folder: Path | None, cache: Path) -> list[Piece]:
    """The excerpts, then the pieces of a folder with a library.csv (see COLUMNS; others are ignored).

    A piece that cannot be read is left out with a warning in the log. What was read is remembered below
    cache, so that only new and changed files are read again. Raises LibraryError for a missing or malformed
    table.
    """
    pieces = prompts(cache)
    return pieces if folder is None else pieces + _pieces(Path(folder), cache)


def _pieces(folder: Path, cache: Path) -> list[Piece]:
    rows, root = _table(folder), folder.resolve()
    index = cache / f"library-{_digest(root)}.json"
    known, facts = _remembered(index), {}
    pieces: dict[str, Piece] = {}
    for line, row in rows:
        name = row["path"]
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            _LOG.warning("library.csv, line %d: %s lies outside the library and was left out.", line, name)
            continue
        facts[name] = fact = _facts(path, known.get(name))
        if "error" in fact:
            _LOG.warning("library.csv, line %d: %s was left out. %s", line, name, fact["error"])
            continue
        pieces[name] = Piece("f" + _digest(name), row["title"] or path.stem, row["composer"] or "Unknown",
                             fact["ensemble"], row["licence"], row["source"], fact["bars"], path=path)
    if facts != known:
        try:
            _replace(index, json.dumps(facts).encode())
        except OSError as error:
            _LOG.warning("%s could not be kept: %s", index, error)
    return list(pieces.values())


def _table(folder: Path) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of library.csv."""
    try:
        with (folder / "library.csv").open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
            if missing:
                raise LibraryError(f"The table {folder / 'library.csv'} needs the columns "
                                   f"{', '.join(COLUMNS)}; it lacks {', '.join(missing)}.")
            return [(reader.line_num, {column: row[column].strip() for column in COLUMNS})
                    for row in reader if row["path"].strip()]
    except FileNotFoundError:
        raise LibraryError(f"A library is a folder with a table library.csv ({', '.join(COLUMNS)}); "
                           f"there is none in {folder}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LibraryError(f"The table {folder / 'library.csv'} cannot be read: {error}.") from None


def _remembered(index: Path) -> dict[str, dict]:
    try:
        known = json.loads(index.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _facts(path: Path, known: object) -> dict:
    """What reading a file tells: its state on disk, and bars and ensemble or an error."""
    try:
        stat = path.stat()
    except OSError as error:
        return {"error": f"The file cannot be read: {error.strerror}."}
    state = {"size": stat.st_size, "changed": stat.st_mtime_ns}
    if isinstance(known, dict) and known.keys() >= {"bars", "ensemble"} and state.items() <= known.items():
        return known
    try:
        told = describe(read(path))
    except ScoreError as error:
        return {**state, "error": str(error)}
    return {**state, "bars": told.bars, "ensemble": _ensemble(told)}


def _ensemble(told: Description) -> str:
    """A short name for who plays, "piano" or "Flute, Cello" or "7 instruments with drums"."""
    programs = [program for program, _, _ in told.instruments if program != DRUMS]
    drums = len(programs) < len(told.instruments)
    if not programs:
        return "drums"
    if all(program < 6 for program in programs):
        name = "piano"
    elif all(program in (40, 41, 42) for program in programs) and len(programs) > 1:
        name = "strings"
    elif len(programs) <= 3:
        name = ", ".join(label for program, label, _ in told.instruments if program != DRUMS)
    else:
        name = f"{len(programs)} instruments"
    return f"{name} with drums" if drums else name
