"""Command line of the analysis: plan a study, report on its answers, bundle both for a paper."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="From the export files of a listening test to numbers, figures and a report.",
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="Folder with participants.csv, stimuli.csv and answers.csv, as `python -m survey export` "
        "writes them.",
    ),
]
StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, the slug of a study, or a design (.json) that `python -m survey design` wrote.",
    ),
]
Seed = Annotated[
    int,
    typer.Option("--seed", min=0, help="Seed of all chance; the same seed gives the same numbers."),
]
Margin = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        max=0.499,
        help="Greatest distance of accuracy from 1/2 that counts as equivalent, in place of the plan's or "
        "the study file's.",
    ),
]

# Imports stand in the commands so that --help need not wait for scipy and plotly.


@app.command()
def report(
    folder: Folder,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="OUT",
            help="Folder for report.html and results.json; made where it does not exist.",
        ),
    ],
    seed: Seed = 0,
    margin: Margin = None,
) -> None:
    """Write report.html (one page, works offline) and results.json (every number of it)."""
    from analysis.report import make
    from analysis.wording import headline

    with _refusing(out):
        typer.echo(headline(make(folder, out, seed, margin)))
    typer.echo(f"Written: {out / 'report.html'} and {out / 'results.json'}")


@app.command()
def bundle(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", metavar="ZIP", help="The zip file to write.")],
    seed: Seed = 0,
    margin: Margin = None,
) -> None:
    """Write one zip for a paper: data, codebook, clips' provenance, methods, report, figures, and a check."""
    from analysis.bundle import bundle as packed

    with _refusing(out):
        packed(folder, out, seed, margin)
    typer.echo(f"Written: {out}")


@app.command()
def power(
    study: StudyName,
    accuracy: Annotated[float, typer.Option(help="True share of right answers that is to be found.")] = 0.6,
    equivalent_accuracy: Annotated[
        float, typer.Option(help="True share at which equivalence is to be shown.")
    ] = 0.5,
    undecided: Annotated[
        float, typer.Option(help="Share of answers that name no single clip: don't know, both, neither.")
    ] = 0.15,
    listener_sd: Annotated[float, typer.Option(help="Spread between listeners, in probit units.")] = 0.3,
    clip_sd: Annotated[float, typer.Option(help="Spread between clips, in probit units.")] = 0.1,
    margin: Margin = None,
    alpha: Annotated[float, typer.Option(help="Significance level.")] = 0.05,
    target: Annotated[float, typer.Option(help="The power that is wanted.")] = 0.8,
    most: Annotated[int, typer.Option(min=3, max=5000, help="The most participants to consider.")] = 200,
    simulations: Annotated[int, typer.Option(min=1, max=100_000, help="Simulated studies.")] = 1000,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for power.txt, power.json, power.html, .svg and .png.")
    ] = None,
) -> None:
    """Tell how many participants a study needs, by simulating its own design."""
    import numpy as np

    from analysis import neighbour, plan
    from analysis import power as powers

    with _refusing(out):
        design = neighbour.design(study, most)
        stated = margin if margin is not None else design["definition"].get("margin") or plan.MARGIN
        assumptions = powers.Assumptions(
            accuracy, equivalent_accuracy, undecided, listener_sd, clip_sd, stated, alpha, target
        )
        rng = np.random.default_rng(seed)
        found = powers.power(design, assumptions, rng, most=most, simulations=simulations)
        typer.echo(powers.power_text(found), nl=False)
        if out is not None:
            powers.write(found | {"seed": seed}, out)


@app.command()
def freeze(
    study: StudyName,
    exclude: Annotated[
        list[str] | None, typer.Option(help="A further reason to leave participants out, in its exact words.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for plan.json and plan.txt, besides what the study keeps.")
    ] = None,
) -> None:
    """Fix the analysis plan of a study before its first participant, and tell its SHA-256."""
    from analysis import neighbour, plan

    with _refusing(out):
        design = neighbour.design(study, 1)
        drafted = plan.draft(design, datetime.now(UTC), exclude or ())
        content = plan.as_file(drafted)
        neighbour.freeze(design["study"], content)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            (out / "plan.json").write_text(content, encoding="utf-8", newline="\n")
            (out / "plan.txt").write_text(plan.as_text(drafted), encoding="utf-8", newline="\n")
    typer.echo(plan.as_text(drafted), nl=False)
    typer.echo(f"\nSHA-256 of plan.json: {plan.sha256(content)}")


@contextmanager
def _refusing(out: Path | None) -> Iterator[None]:
    """Whatever is wrong with what was given becomes one sentence on stderr and exit code 2."""
    from analysis.answers import AnswersError
    from analysis.neighbour import NeighbourError
    from analysis.power import PowerError

    try:
        yield
    except (AnswersError, NeighbourError, PowerError) as error:
        sentence = str(error)
    except OSError as error:
        sentence = f"{error.filename or out} cannot be written: {error.strerror or error}."
    else:
        return
    print(sentence, file=sys.stderr)
    raise typer.Exit(2)


if __name__ == "__main__":
    app(prog_name="python -m analysis")
