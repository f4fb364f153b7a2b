"""Commands that make ready what is learnt from: prepare, pack, originality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.commands.display import bar

app = typer.Typer()


@app.command()
def prepare(
    folder: Annotated[Path, typer.Argument(help="A folder of .mid files, searched to the bottom.")],
    out: Annotated[Path, typer.Argument(help="Where the token arrays go.")],
    layout: Annotated[str, typer.Option(
        help="'events': a step a note. 'published': REMI+ with byte pairs. 'segue': that without rests.",
    )] = "events",
    vocabulary: Annotated[int, typer.Option(help="How many tokens byte pairs may make.")] = 5000,
    four_four: Annotated[bool, typer.Option(help="Leave out music that is not in 4/4 throughout.")] = True,
    max_bars: Annotated[int | None, typer.Option(help="Keep at most so many bars of a file.")] = None,
    transpositions: Annotated[int, typer.Option(help="Copies of training pieces in other keys (0-11).")] = 0,
    only: Annotated[str, typer.Option(help="Data sets to take alone: mutopia,openscore_lieder.")] = "",
    limit: Annotated[int | None, typer.Option(help="Take only so many files, drawn at random.")] = None,
    index: Annotated[Path | None, typer.Option(
        help="CSV with path, source_file and dataset, to keep the sections of a piece together.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the split and the order.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that read files side by side.")] = 2,
) -> None:
    """Turn a folder of MIDI into arrays for training: 80% to learn from, 10% to steer by, 10% to test on."""
    from model.dataset import Preparation
    from model.dataset import prepare as run

    if not folder.is_dir():
        raise ValueError(f"FOLDER is a folder of .mid files; received '{folder}'.")
    asked = Preparation(layout, vocabulary, four_four=four_four, max_bars=max_bars,
                        transpositions=transpositions, only=tuple(filter(None, only.split(","))),
                        limit=limit, seed=seed)
    with bar() as progress:
        task = progress.add_task("Reading music", total=None)
        summary = run(folder, out, asked, index, workers,
                      lambda n, total: progress.update(task, completed=n, total=total))
    typer.echo(f"{summary['files']} files, skipped {summary['skipped'] or 'none'}; "
               f"tokens {summary['tokens']}; notes {summary['notes']}.")


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="A folder that `prepare` wrote with the layout 'events'.")],
    out: Annotated[Path, typer.Argument(help="Where the packed files go.")],
    undo: Annotated[bool, typer.Option("--undo", help="Unpack such files instead.")] = False,
) -> None:
    """Pack prepared music small, to be taught on another machine."""
    from model.compound import packing

    (packing.unpack if undo else packing.pack)(folder, out)
    typer.echo(f"{out}: {sum(file.stat().st_size for file in out.iterdir()) / 2**20:.0f} MiB.")


@app.command()
def originality(
    folder: Annotated[Path, typer.Argument(help="A folder that `prepare` wrote with the layout 'events'.")],
    out: Annotated[Path, typer.Option(help="Where the fingerprints go; what is known of them lies beside.")] =
        Path("model/weights/originality.bin"),
) -> None:
    """Take the fingerprints of training music by which copied runs are found, and measure how they err."""
    import json

    from model.originality_index import make

    with bar() as progress:
        task = progress.add_task("Taking fingerprints", total=None)
        made = make(folder, out, progress=lambda n, total: progress.update(task, completed=n, total=total))
    typer.echo(json.dumps(made))
