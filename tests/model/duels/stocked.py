"""Duels for tests: rows with made-up facts, and files for them that are as long as each other."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from model.duels.routes import Duels
from model.duels.store import DuelStore, Guess
from model.duels.tables import DuelRow
from model.score import write
from model.shelf import Shelf
from tests.survey.fakes import melody

SECONDS = 20.0
BYTES = 20_000 * 20                     # a constant 160 kbit/s
HEARD = Guess("a", {"a": 15.0, "b": 15.0}, {"a": 1, "b": 1}, 31_000)
_number = count()


class Moments:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Idle:
    """A machine that nobody asks for anything."""

    system, spare = "idle", 1


def row(piece: str | None = None, first_bar: int = 0) -> DuelRow:
    """A duel that is ready; every one of another piece unless `piece` says which."""
    number = next(_number)
    return DuelRow(
        prepared_at="2026-11-21T10:00:00.000+00:00", human=f"{2 * number:032x}",
        machine=f"{2 * number + 1:032x}", duration_s=SECONDS, seam_s=6.0,
        piece_id=piece or f"p{number}", title="Air <b>&", composer="Anon.", licence="CC0-1.0",
        source="a drawer", first_bar=first_bar, prompt_bars=8, lead_bars=3, system="segue-test",
        checkpoint_sha256="c0ffee" * 10 + "c0ff", seed=7,
        settings='{"temperature": 1.0, "top_k": 0, "top_p": 0.95}',
        faults="", renderer="a synthesizer", lufs=-20.01, human_audio_sha256="ab" * 32,
        machine_audio_sha256="cd" * 32, prompt_sha256="ef" * 32)


def stocked(store: DuelStore, number: int) -> list[DuelRow]:
    """So many duels, ready to be given."""
    rows = [row() for _ in range(number)]
    for one in rows:
        store.add(one)
    return rows


def house(folder: Path, clock: Moments, number: int = 3, **more: object) -> Duels:
    """Duels with so many ready, and their files."""
    duels = Duels(folder, Idle(), list, Shelf(folder / "takes"), lambda right, of: (0.0, 1.0), **more)
    duels.store._clock = clock
    for one in stocked(duels.store, number):
        for seed, name in enumerate((one.human, one.machine)):
            (duels.stock.folder / f"{name}.mp3").write_bytes(random.Random(name).randbytes(BYTES))
            (duels.stock.folder / f"{name}.mid").write_bytes(write(melody(seed, 10)))
    return duels
