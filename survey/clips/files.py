"""Files that are there whole or not at all, and a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
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
def turn(path: Path, stop: threading.Event) -> Iterator[bool]:
    """Waits for a lock and holds it; yields False, without it, when `stop` was set first."""
    with path.open("a") as file:
        held = False
        while not held and not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
            except BlockingIOError:
                stop.wait(0.5)
        yield held
