"""Duels in a SQLite file of their own: each is given once, to one visitor, and answered once.

    DuelError
    ├── NoDuel      there is none ready for this visitor; more are being prepared
    ├── Unknown     no such duel, or it was put away unanswered
    ├── Answered    it has its answer already
    └── Busy        the file is locked or full; nothing was written
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, delete, event, func, select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from model.blind.hearing import Listened, heard
from model.duels.tables import Base, DuelRow

FILE = "duels.db"                   # in the data folder
OPEN_MOST = 64                      # given and unanswered; beyond that the oldest gives way
OPEN_S = 3600.0                     # how long an answer is waited for
REVEAL_S = 600.0                    # how long the music of an answered duel is kept for whoever answered
PASSED_S = 86_400.0                 # how long it is remembered what a visitor did not answer
BUSY_TIMEOUT_S = 10.0
SIDES = "a", "b"
_READY = DuelRow.given_at.is_(None)
_OPEN = DuelRow.given_at.is_not(None) & DuelRow.passed_at.is_(None) & DuelRow.answered_at.is_(None)
# What only the program itself needs, and nobody who reads the answers.
_INNER = {"handle", "human", "machine", "passed_at", "served_a_s", "served_b_s", "visitor_sha256"}


class DuelError(ValueError):
    """A duel that cannot be had or answered. The message is one sentence for people."""


class NoDuel(DuelError):
    """There is none ready."""


class Unknown(DuelError):
    """There is no such duel, or no longer."""


class Answered(DuelError):
    """It was answered before."""


class Busy(DuelError):
    """The store cannot write just now."""


@dataclass(frozen=True)
class Guess:
    """What a visitor says and what their page reports. guess: one of tables.GUESSES. recognised: they know
    the piece. By side: seconds that sounded and whole plays."""

    guess: str
    heard_s: dict[str, float]
    plays: dict[str, int]
    response_ms: int
    recognised: bool = False


@dataclass(frozen=True)
class Tally:
    """A visitor's answers so far."""

    right: int = 0
    wrong: int = 0
    unsure: int = 0


class DuelStore:
    """Duels in the file `path`. Safe to use from several threads and processes.

    clock gives the moment, in UTC; chance draws what stands on which side.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
                 chance: random.Random | None = None):
        self._clock, self._chance = clock, chance or random.SystemRandom()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S},
                                     hide_parameters=True)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        Base.metadata.create_all(self._engine)

    def dispose(self) -> None:
        self._engine.dispose()

    # --- the stock ---

    def add(self, duel: DuelRow) -> None:
        """Keeps a duel that is ready to be given."""
        with self._transaction() as session:
            session.add(duel)

    def ready(self) -> int:
        """How many wait to be given."""
        with self._transaction() as session:
            return session.scalar(select(func.count()).select_from(DuelRow).where(_READY))

    def uses(self) -> Counter[tuple[str, int]]:
        """How often each passage (piece, first bar) has become a duel, as far as is remembered."""
        counted = select(DuelRow.piece_id, DuelRow.first_bar, func.count()).group_by(
            DuelRow.piece_id, DuelRow.first_bar)
        with self._transaction() as session:
            return Counter({(piece, bar): count for piece, bar, count in session.execute(counted)})

    def tidy(self) -> set[str]:
        """Passes over what has waited for its answer too long, forgets what was passed over long ago; returns
        the names of the files that are still needed."""
        now = self._clock()

        def ago(seconds: float) -> str:
            return _text(now - timedelta(seconds=seconds))

        with self._transaction() as session:
            session.execute(update(DuelRow).where(_OPEN, DuelRow.given_at < ago(OPEN_S))
                            .values(passed_at=ago(0)))
            session.execute(delete(DuelRow).where(DuelRow.passed_at < ago(PASSED_S)))
            rows = session.execute(select(DuelRow.human, DuelRow.machine).where(
                _READY | _OPEN | (DuelRow.answered_at > ago(REVEAL_S)))).all()
            return {name for row in rows for name in row}

    # --- visitors ---

    def give(self, visitor: str) -> DuelRow:
        """A duel for the holder of a token, whose open one is passed over. NoDuel: there is none for them.

        They never get a passage twice, and a piece twice only if there is no other.
        """
        who, now = digest(visitor), _text(self._clock())
        with self._transaction() as session:
            session.execute(update(DuelRow).where(_OPEN, DuelRow.visitor_sha256 == who).values(passed_at=now))
            met = session.execute(select(DuelRow.piece_id, DuelRow.first_bar)
                                  .where(DuelRow.visitor_sha256 == who)).all()
            passages, pieces = {tuple(row) for row in met}, {piece for piece, _ in met}
            free = [row for row in session.scalars(select(DuelRow).where(_READY))
                    if (row.piece_id, row.first_bar) not in passages]
            if not free:
                raise NoDuel("The next duel is being prepared; it is here in a moment.")
            new = [row for row in free if row.piece_id not in pieces]
            row = self._chance.choice(new or free)
            row.handle, row.visitor_sha256, row.given_at = secrets.token_urlsafe(32), who, now
            row.machine_side = self._chance.choice(SIDES)
            waiting = session.scalars(select(DuelRow.id).where(_OPEN).order_by(
                DuelRow.given_at.desc(), DuelRow.id.desc()).offset(OPEN_MOST)).all()
            session.execute(update(DuelRow).where(DuelRow.id.in_(waiting)).values(passed_at=now))
            return row

    def clip(self, handle: str, side: str) -> tuple[str, float]:
        """The name of the file behind one side of an open duel, and its seconds. Unknown."""
        with self._transaction() as session:
            row = _open(session, handle)
            return (row.machine if side == row.machine_side else row.human), row.duration_s

    def served(self, handle: str, side: str, seconds: float) -> None:
        """Adds newly streamed seconds of one side of an open duel. Unknown."""
        with self._transaction() as session:
            row = _open(session, handle)
            column = f"served_{side}_s"
            setattr(row, column, min(getattr(row, column) + seconds, row.duration_s))

    def answer(self, handle: str, said: Guess) -> DuelRow:
        """Writes a guess, once. Unknown, Answered; NotHeard: a clip was not heard for long enough."""
        now = self._clock()
        with self._transaction() as session:
            row = _open(session, handle)
            elapsed = max((now - datetime.fromisoformat(row.given_at)).total_seconds(), 0.0)
            served = {"a": row.served_a_s, "b": row.served_b_s}
            listened = heard(
                [Listened(side, f"clip {side.upper()}", side, said.plays[side], said.heard_s[side],
                          served[side] > 0, served[side], row.duration_s) for side in SIDES],
                elapsed, min_plays=1)
            row.guess, row.recognised, row.answered_at = said.guess, said.recognised, _text(now)
            row.heard_a_s, row.heard_b_s = listened["a"], listened["b"]
            row.plays_a, row.plays_b = said.plays["a"], said.plays["b"]
            row.response_ms = min(said.response_ms, round(elapsed * 1000))
            return row

    def score(self, visitor_sha256: str) -> Tally:
        """What a visitor has guessed so far."""
        with self._transaction() as session:
            rows = session.execute(select(DuelRow.guess, DuelRow.machine_side).where(
                DuelRow.visitor_sha256 == visitor_sha256, DuelRow.answered_at.is_not(None))).all()
        unsure = sum(guess == "unsure" for guess, _ in rows)
        right = sum(guess == side for guess, side in rows)
        return Tally(right, len(rows) - unsure - right, unsure)

    # --- researchers ---

    def answered(self) -> list[dict[str, object]]:
        """Every answered duel with its provenance, a column a key, in the order of the answers."""
        with self._transaction() as session:
            rows = session.scalars(select(DuelRow).where(DuelRow.answered_at.is_not(None))
                                   .order_by(DuelRow.answered_at, DuelRow.id))
            return [{"visitor": row.visitor_sha256[:12], **row.model_dump(exclude=_INNER)} for row in rows]

    def forget(self, before: datetime) -> int:
        """Deletes for good what was given to visitors before a moment; how many answers that were."""
        given = DuelRow.given_at < _text(before)
        with self._transaction() as session:
            count = session.scalar(select(func.count()).select_from(DuelRow).where(
                given, DuelRow.answered_at.is_not(None)))
            session.execute(delete(DuelRow).where(given))
        connection = self._engine.raw_connection()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")       # deleted rows linger in the log
        finally:
            connection.close()
        return count

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, undone if anything is raised. Busy."""
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise Busy("The duels are busy just now; nothing was lost, please try again.") from error


def digest(token: str) -> str:
    """What is kept of a visitor's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _open(session: Session, handle: str) -> DuelRow:
    row = session.scalar(select(DuelRow).where(DuelRow.handle == handle))
    if row is None:
        raise Unknown("There is no such duel.")
    if row.answered_at:
        raise Answered("This duel has its answer already; an answer is given once.")
    if row.passed_at:
        raise Unknown("This duel was put away without an answer; please begin another one.")
    return row


def _prepare(connection: object, _record: object) -> None:
    connection.isolation_level = None       # transactions begin where they are asked for
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")

