"""Command line of the listening test: init, build, audit, preview, export, import, purge; and planning's."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from survey import design, planning
from survey.database import default_url
from survey.export import export as write_export
from survey.export import import_ as read_export
from survey.store import Store, StoreError
from survey.study import Study, study_file

app = typer.Typer(
    help="Plan a listening test, build its clips, and take its answers out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[
    Path, typer.Option("--data", envvar="SEGUE_DATA_DIR", help="Folder of database and clips.")
]
StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study file, or the slug of one that ships.")
]
Slug = Annotated[str, typer.Argument(metavar="STUDY", help="The slug of a study.")]
DATA = Path("data")


def _store(data: Path) -> Store:
    return Store(default_url(data))


@app.command()
def init(
    studies: Annotated[list[str] | None, typer.Argument(
        metavar="[STUDY]...", help="Study files or slugs; all that ship if none is named.")] = None,
    data: DataDir = DATA,
) -> None:
    """Make the database, or bring it up to date, and register studies in it."""
    checked = [study_file.load(name) for name in studies or [str(path) for path in study_file.shipped()]]
    with _store(data) as store:
        for study in checked:
            store.register(study)
            typer.echo(f"{study.slug}: {store.status(study.slug).clips_needed} clips to build in all.")


@app.command()
def build(name: StudyName, data: DataDir = DATA) -> None:
    """Build the clips of a study that are missing: the machine's, and the human ones to compare them with."""
    from rich.console import Console
    from rich.progress import Progress

    import model
    from survey.clips.stimuli import build as build_clips

    study = study_file.load(name)
    folder = os.environ.get("SEGUE_LIBRARY")
    bar = Progress(console=Console(stderr=True))
    with _store(data) as store, model.Generator() as generator, bar:
        store.register(study)
        task = bar.add_task("Building clips", total=None)
        pieces = model.human_pieces(Path(folder) if folder else None, data / "library")
        try:
            build_clips(study, store, data, generator, pieces,
                        progress=lambda done, total: bar.update(task, completed=done, total=total))
        except model.GenerationError as error:
            raise StoreError(f"{error} The clips that are built are kept.") from error
        status = store.status(study.slug)
    typer.echo(f"{study.slug}: {status.clips_built} of {status.clips_needed} clips are built.")


@app.command()
def preview(
    name: StudyName,
    participant: Annotated[int, typer.Option(min=1, help="Which participant, in order of arrival.")] = 1,
) -> None:
    """Print what a participant would be asked and hear, in order. Writes nothing."""
    study = study_file.load(name)
    study = study.in_language(study.language)
    clips = {clip.id: clip for clip in design.clips(study)}
    typer.echo(f"{study.title} ({study.slug}), about {study.minutes} minutes, {len(clips)} clips of "
               f"{study.clips.seconds:g} s; participant {participant}:")
    for number, step in enumerate(design.steps(study, participant - 1), start=1):
        typer.echo(f"{number:4}  {_preview_line(study, step, clips)}")


def _preview_line(study: Study, step: design.Step, clips: dict[str, design.ClipSpec]) -> str:
    section = study.section(step.section)
    if step.kind == "questions":
        return f"{section.title}: " + ", ".join(question.id for question in section.questions)
    if step.kind == "comment":
        return f"comment: {section.question if section.kind == 'comments' else section.comment}"
    if step.kind == "sound_check":
        return f"{section.title} ({step.notes} notes)"
    if step.trial_id is None:
        return section.title
    heard = "; ".join(_heard(side, clips[clip]) for side, clip in zip("AB", step.clips, strict=False))
    condition = f"{step.condition}, again {step.repeat_of}" if step.repeat_of else step.condition
    return f"{step.kind} {step.position}/{step.of} ({condition})" + (f": {heard}" if heard else "")


def _heard(side: str, clip: design.ClipSpec) -> str:
    prompt = f"prompt {clip.prompt_index + 1}"
    if clip.settings is None:
        return f"{side} human, {prompt}" + (f", passage {clip.passage + 1}" if clip.passage else "")
    system = f"{clip.system}, " if clip.system else ""
    return (f"{side} AI, {prompt}, {system}temperature {clip.settings.temperature:g}, "
            f"top-k {clip.settings.top_k}, n-gram {clip.settings.no_repeat_ngram}")


@app.command()
def audit(
    study: Slug,
    out: Annotated[Path | None, typer.Option(help="Also write the result to a JSON file.")] = None,
    data: DataDir = DATA,
) -> None:
    """Look for what gives the machine's clips away, and for clips that lie in the training music."""
    import json

    from survey.clips.inspection import inspect, told

    with _store(data) as store:
        found = inspect(store, study)
    if out:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for line in told(found):
        typer.echo(line)


@app.command("export")
def export_command(
    study: Slug,
    out: Annotated[Path, typer.Option(help="Folder for the three CSV files and their codebook.")],
    data: DataDir = DATA,
) -> None:
    """Write participants.csv, stimuli.csv, answers.csv and codebook.md."""
    with _store(data) as store:
        for path in write_export(store, study, out):
            typer.echo(str(path))


@app.command("import")
def import_command(
    folder: Annotated[Path, typer.Argument(help="A folder that `export` wrote.")],
    slug: Annotated[str | None, typer.Option("--as", help="Another slug for the study.")] = None,
    data: DataDir = DATA,
) -> None:
    """Read the files of an export back, as a study that can be analysed but not taken."""
    with _store(data) as store:
        name = read_export(store, folder, slug)
        typer.echo(f"{name}: {store.status(name).started} participants imported.")


@app.command()
def purge(
    study: Slug,
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="A date (UTC); that day itself is kept.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataDir = DATA,
) -> None:
    """Delete every participant who started before a date, with all they gave, for good."""
    with _store(data) as store:
        store.status(study)
        if not yes:
            typer.confirm(f"Delete all participants of '{study}' from before {before:%Y-%m-%d}?", abort=True)
        typer.echo(f"{store.purge(study, before.replace(tzinfo=UTC))} participants deleted.")


for command in planning.COMMANDS:
    app.command()(command)


def main() -> None:
    """Runs the command line; what is wrong becomes one sentence on stderr and exit code 2."""
    try:
        app()
    except (ValueError, OSError) as error:  # StudyError, StoreError, and what the model or the disk refuses
        typer.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
