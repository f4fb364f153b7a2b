"""Commands that plan a study before anybody takes it: design, simulate, freeze."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from survey import export
from survey.database import default_url
from survey.design.outline import outline, sha256
from survey.export.simulate import simulate as simulated
from survey.store import Store, StoreError, UnknownStudy
from survey.study import Study, study_file

DataDir = Annotated[
    Path, typer.Option("--data", envvar="SEGUE_DATA_DIR", help="Folder of database and clips.")
]
StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study file, or the slug of one that ships.")
]


def simulate(
    name: StudyName,
    participants: Annotated[int, typer.Option(min=1, help="How many start the study.")],
    out: Annotated[Path, typer.Option(help="Folder for the export files.")],
    accuracy: Annotated[float, typer.Option(
        help="Share of right answers among those that name one clip of a pair with one AI clip.")] = 0.6,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
) -> None:
    """Write the export files of a made-up run of a study; its name there begins with 'simulated-'."""
    for path in export.write(simulated(study_file.load(name), participants, accuracy, seed), out):
        typer.echo(str(path))


def design(
    name: StudyName,
    out: Annotated[Path | None, typer.Option(help="A JSON file; standard output if none is named.")] = None,
    participants: Annotated[int, typer.Option(min=1, max=100_000, help="How many to deal.")] = 200,
    data: DataDir = Path("data"),
) -> None:
    """Write who hears what in which order as JSON: what `python -m analysis power` and `freeze` plan with."""
    text = json.dumps(outline(_study(name, data), participants), ensure_ascii=False)
    if out is None:
        sys.stdout.buffer.write(text.encode())
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {str(error.strerror).lower()}.") from error
    typer.echo(str(out))


def freeze(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The slug of a study.")],
    plan: Annotated[Path, typer.Argument(help="The plan, as `python -m analysis freeze` drafts it.")],
    data: DataDir = Path("data"),
) -> None:
    """Keep an analysis plan with its study, before the first participant; it is exported with the answers."""
    try:
        text = plan.read_bytes().decode()
        of = json.loads(text)["study_file_sha256"]
    except OSError as error:
        raise StoreError(f"{plan} cannot be read: {str(error.strerror).lower()}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{plan} is not an analysis plan in JSON, with a 'study_file_sha256'.") from error
    with Store(default_url(data)) as store:
        kept = sha256(store.study(study))
        if of != kept:
            raise StoreError(f"{plan} is the plan of another study file ({of}) than '{study}' has ({kept}).")
        store.freeze(study, text)


def _study(name: str, data: Path) -> Study:
    """A study by its file, or by the slug of one that is registered or ships."""
    if Path(name).suffix not in (".yaml", ".yml"):
        with Store(default_url(data)) as store, suppress(UnknownStudy):
            return store.study(name)
    return study_file.load(name)


COMMANDS = (simulate, design, freeze)
