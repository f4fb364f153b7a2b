"""What the commands show on stderr while they work."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True)


def bar() -> Progress:
    """A progress bar on stderr: what is done, of how much, and how long it will take."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console)


def tasks(progress: Progress) -> Callable[[str, int, int], None]:
    """Tells the bars of a progress display what is done, each begun when it is first named."""
    known: dict = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in known:
            known[what] = progress.add_task(what, total=total)
        progress.update(known[what], completed=done, total=total)

    return told
