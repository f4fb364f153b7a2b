"""Command line of the analysis: from the three export files to a report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.answers import AnswersError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From the export files of a listening test to numbers, figures and a report.",
)


@app.callback()
def analysis() -> None:
    """Keep `report` a command of its own: typer would otherwise drop the name of an only command."""


@app.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder with participants.csv, stimuli.csv and "
            "answers.csv, as `python -m survey export` writes them.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="OUT",
            help="Folder for report.html and results.json; made where it does not exist.",
        ),
    ],
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, help="Seed of the bootstrap intervals; the same seed gives the same numbers."
        ),
    ] = 0,
) -> None:
    """Write report.html (one page, works offline) and results.json (every number of it)."""
    # Imported here so that --help need not wait for scipy and plotly.
    from analysis.report import make
    from analysis.wording import headline

    try:
        numbers = make(folder, out, seed)
    except AnswersError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or out} cannot be written: {error.strerror or error}.")
    typer.echo(headline(numbers))
    typer.echo(f"Written: {out / 'report.html'} and {out / 'results.json'}")


def _refuse(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    raise typer.Exit(2)


if __name__ == "__main__":
    app(prog_name="python -m analysis")
