"""Commands that train networks: train, experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.commands.display import console

app = typer.Typer()


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as model/recipes/segue-small.yaml.")],
    run: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from where the run stopped.")] = False,
    steps: Annotated[int | None, typer.Option(help="Steps in all, instead of the recipe's.")] = None,
    data: Annotated[Path | None, typer.Option(help="A prepared folder, instead of the recipe's.")] = None,
    precision: Annotated[str | None, typer.Option(help="bf16-mixed, 16-mixed, 32-true ...")] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="How many devices of this machine.")] = "1",
    num_nodes: Annotated[int, typer.Option(help="How many machines.")] = 1,
    strategy: Annotated[str, typer.Option(help="ddp for several devices.")] = "auto",
    max_time: Annotated[str | None, typer.Option(help="Stop after DD:HH:MM:SS.")] = None,
    finish: Annotated[bool, typer.Option("--finish", help="Only write the best weights so far.")] = False,
) -> None:
    """Train a network by a recipe; a finished checkpoint lies in the run's folder under model/."""
    try:
        from model import training
    except ModuleNotFoundError as error:
        raise ValueError(f"Training needs requirements-train.txt; {error.name} is not installed.") from error

    made = training.read_recipe(recipe, steps=steps, data=data, precision=precision)
    folder = run or Path("runs") / made.name
    if finish:
        out = training.finish(made, folder)
    else:
        count = int(devices) if devices.isdigit() else devices
        out = training.train(made, folder, resume, accelerator=accelerator, devices=count,
                             num_nodes=num_nodes, strategy=strategy, max_time=max_time)
    typer.echo(f"The checkpoint is in {out}.")


@app.command()
def experiment(
    plan: Annotated[Path, typer.Argument(help="An experiment, such as model/experiments/one-change.yaml.")],
    out: Annotated[Path, typer.Option(help="A folder for the music, the runs, the table and the figure.")],
    midi: Annotated[Path, typer.Option(help="A folder of .mid files, as to prepare.")] = Path("data/train"),
    index: Annotated[Path | None, typer.Option(help="CSV, as to prepare.")] = None,
    only: Annotated[str, typer.Option(help="Changes to try alone: adamw,scalenorm.")] = "",
    seeds: Annotated[int | None, typer.Option(help="Only so many of the experiment's seeds.")] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu or auto.")] = "auto",
) -> None:
    """Try changes of a recipe one at a time at equal compute: bits per note, with their spread over seeds.

    What has been run already is not run again.
    """
    import json

    try:
        from model.experiments import effects, running
        from model.experiments.plan import read_plan
    except ModuleNotFoundError as error:
        raise ValueError(f"Training needs requirements-train.txt; {error.name} is not installed.") from error

    asked = read_plan(plan)
    chosen = tuple(filter(None, only.split(",")))
    running.run(asked, midi, out, chosen, seeds, index, accelerator,
                lambda what, done, total: console.print(f"{done}/{total} {what}", markup=False))
    found = effects.effects(asked, out)
    (out / "effects.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "effects.md").write_text(effects.table(found) + "\n", encoding="utf-8")
    effects.figure(found["rows"], out / "effects.svg")
    typer.echo(effects.table(found))
