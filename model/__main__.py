"""Command line of the model: prepare, train, evaluate, sample, bench."""

from __future__ import annotations

import sys

import typer

from model.commands import duels, learning, measuring, music, playing
from model.commands.display import console

app = typer.Typer(
    help="Teach a network to continue music, measure it, and let it play.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (music, learning, measuring, playing, duels):
    app.add_typer(group.app)


def main() -> None:
    """Run the command line; what is wrong with the input is one sentence on stderr and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
