"""Opens the database (SQLite or PostgreSQL), brings its tables up to date, and runs transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlmodel import Session

from survey.errors import Busy, StoreError

BUSY_TIMEOUT_S = 10.0
_MIGRATION_LOCK = 0x5E60E  # PostgreSQL's advisory lock; any number that others do not use


def default_url(data_dir: Path) -> str:
    """`DATABASE_URL` if it is set, else a SQLite file in the data folder."""
    return os.environ.get("DATABASE_URL") or f"sqlite:///{Path(data_dir) / 'segue.db'}"


def open_engine(url: str) -> Engine:
    """An engine on an up-to-date database. A SQLite file is made if need be, a PostgreSQL database is not.

    Raises:
        StoreError: if the URL is not understood, or the database cannot be opened or is newer than this
        program.
    """
    engine = _engine(url)
    try:
        with engine.execution_options(segue_write=True).begin() as connection:
            upgrade(connection)
    except CommandError as error:
        engine.dispose()
        raise StoreError(f"The database was made by another version of this program: {error}") from error
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"The database cannot be opened: {_reason(error)}") from error
    return engine


def upgrade(connection: Connection) -> None:
    """Runs the migrations that are missing, inside the connection's transaction: all of them or none."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise StoreError(f"DATABASE_URL must name SQLite or PostgreSQL, not '{backend}'.")
        if backend == "postgresql":
            return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        return _sqlite_engine(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        rule = "DATABASE_URL must look like sqlite:///segue.db or postgresql://user@host/name."
        raise StoreError(rule) from error
    except ModuleNotFoundError as error:
        raise StoreError(f"DATABASE_URL needs the package '{error.name}', which is not installed.") from error
    except OSError as error:
        raise StoreError(f"The database's folder cannot be made: {error.strerror}.") from error


def _sqlite_engine(url: object) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise StoreError("DATABASE_URL must name a file for SQLite; one in memory would lose the answers.")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver guesses
        for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: a lock taken half-way cannot be waited for, only refused.
        write = connection.get_execution_options().get("segue_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


@contextmanager
def transaction(engine: Engine, *, write: bool) -> Iterator[Session]:
    """One session and one transaction: committed at the end of the block, undone if anything is raised.

    All queries of a transaction that only reads see the database of one moment.

    Raises:
        Busy: if the database is locked, full or away; nothing was written.
    """
    options: dict[str, object] = {"segue_write": write}
    if engine.dialect.name == "postgresql" and not write:
        options.update(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    bound = engine.execution_options(**options)
    try:
        with Session(bound, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        raise Busy("The answer store is busy just now; nothing was lost, please try again.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Busy("The answer store is away just now; nothing was lost, please try again.") from error
        raise


def forget(engine: Engine) -> None:
    """After a deletion: empties SQLite's write-ahead log, where deleted rows linger. A busy log is left."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _reason(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()) or type(original).__name__
