"""Commands that measure a network, and teach what measures it: evaluate, sweep, teach, card, bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.commands.display import bar, console, tasks

app = typer.Typer()


@app.command()
def evaluate(
    checkpoint: Annotated[str | None, typer.Argument(
        help="A shipped checkpoint's name or a folder; the default one if left out.")] = None,
    data: Annotated[Path, typer.Option(
        help="The prepared folder that the checkpoint was trained on.")] = Path("data/prepared/events"),
    library: Annotated[Path | None, typer.Option(
        help="Continue the pieces of this folder with a library.csv, not those of the split.")] = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    prompts: Annotated[int, typer.Option(help="How many pieces to continue; 0: only predict.")] = 100,
    skip: Annotated[int, typer.Option(help="Pieces to pass over first: those of an earlier evaluation with "
                                           "this seed.")] = 0,
    bars: Annotated[int, typer.Option(help="Bars to continue each by.")] = 8,
    prompt_bars: Annotated[int, typer.Option(help="Bars that are given.")] = 8,
    settings: Annotated[str, typer.Option(
        help="A preset, or changes to the default one: 'temperature=0.9,top_p=0.95'.")] = "natural",
    pieces: Annotated[int, typer.Option(help="How many pieces to predict, drawn at random.")] = 60,
    sequence: Annotated[int, typer.Option(help="Steps that the network sees at once.")] = 512,
    copies: Annotated[bool, typer.Option(help="Look for runs copied from the training music.")] = True,
    controls: Annotated[int, typer.Option(help="Pieces whose players are asked for a style and a density, to "
                                               "see whether they obey; 0: none.")] = 24,
    published: Annotated[Path | None, typer.Option(
        help="The evaluation.json of the published recipe with the same compute, to compare with.")] = None,
    earlier: Annotated[Path | None, typer.Option(
        help="That of this system with the compute of --published, if it has learnt on since.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the pieces and the takes.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as cores if left out.")] = None,
    cache: Annotated[Path, typer.Option(help="Keeps takes and indices for the next time.")] = Path(
        "data/evaluation"),
    out: Annotated[Path | None, typer.Option(
        help="A folder for evaluation.json and evaluation.html, or a .json file for numbers alone.")] = None,
) -> None:
    """Measure a network without listeners: how well it predicts held-out music and how it continues it."""
    import json

    try:
        from model.evaluation import report, run
    except ModuleNotFoundError as error:
        why = f"Evaluating needs requirements-train.txt; {error.name} is not installed."
        raise ValueError(why) from error

    asked = run.Request(checkpoint, data, library, split, prompts, skip, bars, prompt_bars, settings, pieces,
                        sequence, copies, controls, seed, workers, published, earlier, cache)
    with bar() as progress:
        results = run.evaluate(asked, tasks(progress))
    if out and out.suffix == ".json":
        kept = results if prompts else results["likelihood"]
        out.write_text(json.dumps(kept, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    elif out:
        for path in report.write(results, out):
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    typer.echo(json.dumps(run.brief(results)))


@app.command()
def sweep(
    out: Annotated[Path, typer.Argument(help="A folder for sweep.json, sweep.svg and sweep.md.")],
    checkpoint: Annotated[str | None, typer.Option(help="A shipped checkpoint's name or a folder.")] = None,
    data: Annotated[Path, typer.Option(
        help="The prepared folder that the checkpoint was trained on.")] = Path("data/prepared/events"),
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    prompts: Annotated[int, typer.Option(help="How many pieces to continue.")] = 60,
    bars: Annotated[int, typer.Option(help="Bars to continue each by.")] = 8,
    settings: Annotated[str, typer.Option(help="The centre: a preset, or changes to it.")] = "natural",
    factors: Annotated[str, typer.Option(help="What to move, such as best_of,preset; blank: all.")] = "",
    seed: Annotated[int, typer.Option(help="Decides the pieces and the takes.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as cores if left out.")] = None,
) -> None:
    """Find the settings that a machine listener tells from people least: one factor moved at a time."""
    import json

    from model.evaluation import sweep as designed
    from model.evaluation.run import Request

    asked = Request(checkpoint, data, split=split, prompts=prompts, bars=bars, settings=settings, seed=seed,
                    workers=workers)
    with bar() as progress:
        task = progress.add_task("Sweeping", total=None)
        found = designed.sweep(asked, tuple(filter(None, factors.split(","))) or designed.ALL,
                               lambda what, n, all_: progress.update(task, description=what, completed=n,
                                                                     total=all_))
    out.mkdir(parents=True, exist_ok=True)
    (out / "sweep.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "sweep.md").write_text(designed.table(found) + "\n", encoding="utf-8")
    designed.figure(found, out / "sweep.svg")
    typer.echo(designed.table(found))


@app.command()
def teach(
    checkpoint: Annotated[str | None, typer.Argument(help="A shipped checkpoint's name or a folder.")] = None,
    data: Annotated[Path, typer.Option(
        help="The prepared folder that the checkpoint was trained on.")] = Path("data/prepared/events"),
    pieces: Annotated[int, typer.Option(help="Pieces that are continued and listened to.")] = 1000,
    takes: Annotated[int, typer.Option(help="How often the checkpoint continues each.")] = 2,
    seed: Annotated[int, typer.Option(help="Decides the pieces and the takes.")] = 5,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as cores if left out.")] = None,
) -> None:
    """Teach the listener by which the best of several takes is chosen; listener.json beside the weights."""
    import json

    from model.checkpoint import folder_of
    from model.evaluation.run import CACHE
    from model.evaluation.teaching import teach as run
    from model.generator import Generator

    with bar() as progress, Generator(checkpoint, workers) as generator:
        learnt = run(generator, data, pieces, each=takes, seed=seed, cache=CACHE, progress=tasks(progress))
    learnt.save(folder_of(checkpoint))
    typer.echo(json.dumps(learnt.about))


@app.command()
def card(
    checkpoint: Annotated[str | None, typer.Argument(help="A shipped checkpoint's name or a folder.")] = None,
) -> None:
    """Write a checkpoint's model card from its config, its evaluation.json and its notes.md."""
    from model.card import write_card
    from model.checkpoint import load

    typer.echo(f"The card is {write_card(load(checkpoint))}.")


@app.command()
def bench(
    checkpoint: Annotated[str | None, typer.Argument(help="A shipped checkpoint's name or a folder.")] = None,
    against: Annotated[str | None, typer.Option(help="What the others play, too; it has tokens.")] = None,
    prompt_tokens: Annotated[int, typer.Option(help="Length of the prompt.")] = 512,
    tokens: Annotated[int, typer.Option(help="Tokens to decode in a round.")] = 256,
    rounds: Annotated[int, typer.Option(help="Rounds; medians are given.")] = 3,
) -> None:
    """Measure how fast takes come, also against others with the same weights. JSON last."""
    import json
    import os

    from model.bench import bench as run

    folder = Path(os.environ.get("SEGUE_DATA_DIR", "data"))
    result = run(checkpoint, against, folder, prompt_tokens, tokens, rounds)
    if result["missing"]:
        console.print(result["missing"], markup=False)
    typer.echo(json.dumps(result))
