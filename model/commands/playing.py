"""The command that lets a network play: sample."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from model.commands.display import bar

app = typer.Typer()


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
