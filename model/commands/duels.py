"""The command that keeps the promise made to those who play blind duels: forget."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def forget(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="A date (UTC); that day is kept.")],
    data: Annotated[Path, typer.Option(envvar="SEGUE_DATA_DIR", help="Folder of duels.db.")] = Path("data"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete, for good, every blind duel that was given to a visitor before a date."""
    from model.duels.store import FILE, DuelStore

    if not (data / FILE).is_file():
        raise ValueError(f"Duels are kept in {FILE} of the data folder; there is none in '{data}'.")
    if not yes:
        typer.confirm(f"Delete all duels from before {before:%Y-%m-%d}?", abort=True)
    typer.echo(f"{DuelStore(data / FILE).forget(before.replace(tzinfo=UTC))} answers deleted.")
