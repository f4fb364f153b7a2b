"""Command line of the model: prepare, train, evaluate, sample, bench."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

app = typer.Typer(
    help="Teach a network to continue music, measure it, and let it play.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
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

    asked = run.Request(checkpoint, data, library, split, prompts, bars, prompt_bars, settings, pieces,
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
    factors: Annotated[str, typer.Option(help="What to move, such as temperature,best_of; blank: all.")] = "",
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
        found = designed.sweep(asked, tuple(filter(None, factors.split(","))) or tuple(designed.FACTORS),
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
    pieces: Annotated[int, typer.Option(help="Pieces that are continued and listened to.")] = 400,
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
        learnt = run(generator, data, pieces, seed=seed, cache=CACHE, progress=tasks(progress))
    learnt.save(folder_of(checkpoint))
    typer.echo(json.dumps(learnt.about))


@app.command()
def sample(
    prompt: Annotated[str, typer.Argument(
        help="A .mid file to continue; or programs such as 0,32,128 (128: drums), to begin from nothing.")],
    out: Annotated[Path, typer.Argument(help="A folder for the takes.")],
    tempo: Annotated[float, typer.Option(help="Beats a minute, from nothing.")] = 120.0,
    checkpoint: Annotated[str | None, typer.Option(help="A shipped checkpoint's name or a folder.")] = None,
    preset: Annotated[str, typer.Option(help="A named setting that the options below change.")] = "natural",
    temperature: Annotated[float | None, typer.Option(help="0.05-2: how daring.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Only the k likeliest tokens; 0 for all.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Only the likeliest tokens that make up p.")] = None,
    min_p: Annotated[float | None, typer.Option(help="Only tokens so likely beside the likeliest.")] = None,
    no_repeat_ngram: Annotated[int | None, typer.Option(help="No run of n tokens twice; 0 for off.")] = None,
    no_repeat_bars: Annotated[int | None, typer.Option(help="No run of n bars twice; 0 for off.")] = None,
    bars: Annotated[int | None, typer.Option(help="How many bars to add.")] = None,
    prompt_bars: Annotated[int | None, typer.Option(help="Bars of the prompt to use; 0 for all.")] = None,
    keep_instruments: Annotated[bool | None, typer.Option(help="Let no other instruments in.")] = None,
    takes: Annotated[int, typer.Option(help="How many continuations.")] = 1,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same music.")] = None,
    whistle: Annotated[bool | None, typer.Option(help="Whistle where the machine takes over.")] = None,
    audio: Annotated[str | None, typer.Option(help="Also write sound: wav, flac, ogg or mp3.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as cores if left out.")] = None,
) -> None:
    """Continue a piece of music and write the takes as .mid files, named after their seeds."""
    from dataclasses import replace

    from model.generator import GenerationError, Generator, Take
    from model.score import read, write
    from model.settings import PRESETS, Start

    if preset not in PRESETS:
        known = ", ".join(f"'{name}'" for name in PRESETS)
        raise ValueError(f"A preset is one of {known}; received '{preset}'.")
    if audio not in (None, "wav", "flac", "ogg", "mp3"):
        raise ValueError(f"audio is wav, flac, ogg or mp3; received '{audio}'.")
    changes = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p, "seed": seed,
               "no_repeat_ngram": no_repeat_ngram, "no_repeat_bars": no_repeat_bars, "bars": bars,
               "prompt_bars": prompt_bars, "keep_instruments": keep_instruments, "whistle": whistle}
    chosen = {name: value for name, value in changes.items() if value is not None}
    settings = replace(PRESETS[preset], **chosen)
    if re.fullmatch(r"\d{1,3}(,\d{1,3})*", prompt):
        origin, name = Start(tuple(int(program) for program in prompt.split(",")), tempo), f"nothing-{prompt}"
    else:
        origin, name = read(Path(prompt)), Path(prompt).stem
    out.mkdir(parents=True, exist_ok=True)
    with Generator(checkpoint, workers) as generator, bar() as progress:
        task = progress.add_task("Playing", total=100)
        try:
            for event in generator.stream(origin, settings, takes):
                if not isinstance(event, Take):
                    done = round(100 * event.fraction)
                    progress.update(task, completed=done, description=f"{event.notes} notes")
                    continue
                path = out / f"{name}-{event.settings.seed}.mid"
                write(event.score, path, [f"{event.system} {event.checkpoint_sha256}", str(event.settings)])
                if audio:
                    from model.render import save, to_audio

                    save(to_audio(event.score), path.with_suffix(f".{audio}"))
                remarks = f", {' and '.join(event.faults)}" if event.faults else ""
                progress.console.print(f"{path}: {event.notes} notes in {event.elapsed_s:.1f} s{remarks}")
        except GenerationError as error:
            raise ValueError(str(error)) from error


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


def main() -> None:
    """Run the command line; what is wrong with the input is one sentence on stderr and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
