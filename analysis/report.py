"""Export files -> report.html and results.json.

The report is one file that needs nothing else: style, figures and plotly.js are inside, once, and its
content security policy lets no other script run and nothing be fetched. What listeners wrote is shown as
text, whatever it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis import record, wording
from analysis.answers import read
from analysis.figures import figures
from analysis.numbers import METHODS, tables
from analysis.record import audit_sentences, correction_sentences, plan_sentences
from analysis.statistics import results

SECTIONS = {
    "The listeners": ["experience"],
    "The pairs": ["choices", "by_item", "by_participant", "correct_by_experience", "by_level"],
    "The preferences": ["preferences"],
    "The ratings": ["rating_bars", "rating_histograms", "setting_heatmap", "surface", "halo", "labels"],
    "Pieces known to be AI": ["open_ratings"],
}
STYLE = Path(__file__).parent.parent / "static" / "report.css"    # of every report; report.css has its own
COMMENTS_SHOWN = 20
SEED = 0  # of the bootstrap intervals, where nobody asks for another


def make(folder: Path, out: Path, seed: int = SEED, margin: float | None = None) -> dict[str, Any]:
    """Write ``report.html`` and ``results.json`` of the export in ``folder`` into ``out``; the results.

    The same files and seed give the same bytes. Raises AnswersError for a malformed export and OSError
    where ``out`` cannot be written.
    """
    numbers = analysed(folder, seed, margin)
    page = render(numbers)
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(as_json(numbers, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(page, encoding="utf-8")
    return numbers


def analysed(folder: Path, seed: int = SEED, margin: float | None = None) -> dict[str, Any]:
    """The content of results.json: all numbers, and what the plan and the audit of the study say of them.

    ``margin`` of equivalence: None takes the plan's, else the study file's. Raises AnswersError.
    """
    data, beside = read(folder), record.read(folder)
    margin = beside.margin if margin is None else margin
    numbers = results(data, np.random.default_rng(seed), margin=margin)
    numbers["bootstrap"]["seed"] = seed
    return numbers | {"plan": record.review(beside, data, margin), "audit": beside.audit}


def as_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON: NaN and infinity, which JSON does not have, are a ValueError."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=indent)


def render(numbers: dict[str, Any]) -> str:
    """The report as one HTML page, from what ``statistics.results`` returned."""
    here = Path(__file__).parent
    drawn = {name: figure for name, figure in figures(numbers).items() if figure is not None}
    rows = tables(numbers)
    used = {row.method for part in rows.values() for row in part}
    script = "".join((here / name).read_text(encoding="utf-8") for name in ("report.js", "comments.js"))
    plotly = get_plotlyjs()
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, trim_blocks=True)
    return environment.get_template("report.html.j2").render(
        title=wording.title(numbers),
        simulated=wording.is_simulated(numbers),
        headline=wording.headline(numbers),
        explanation=wording.explanation(numbers),
        facts=_facts(numbers),
        sections=SECTIONS,
        captions=wording.captions(numbers),
        drawn=list(drawn),
        comments=numbers["comments"]["texts"],
        shown=COMMENTS_SHOWN,
        origins=wording.ORIGINS,
        tables=rows,
        methods={name: METHODS[name] for name in METHODS if name in used},
        reading=wording.READING,
        checks={
            "The plan": plan_sentences(numbers.get("plan")),
            "The tests": correction_sentences(numbers["tests"]),
            "The clips": audit_sentences(numbers.get("audit")),
        },
        seed=numbers["bootstrap"].get("seed", "not stated"),
        resamples=numbers["bootstrap"]["resamples"],
        policy=_policy(plotly, script),
        css=Markup("".join(sheet.read_text(encoding="utf-8") for sheet in (STYLE, here / "report.css"))),
        figures=Markup(_embedded(drawn)),
        plotly=Markup(plotly),
        script=Markup(script),
    )


def _facts(numbers: dict[str, Any]) -> dict[str, str]:
    people, d_prime = numbers["participants"], numbers["pairs"]["signal_detection"]["d_prime"]
    facts = {
        "listeners analysed": f"{people['analysed']:,}",
        "finished the test": f"{people['finished']:,}",
        "answers": f"{numbers['answers']['n']:,}",
    }
    if excluded := sum(people["excluded"].values()):
        facts["listeners excluded"] = f"{excluded:,}"
    if d_prime is not None:
        facts["sensitivity d′"] = f"{d_prime:.2f}".replace("-", "−")
    return facts


def _embedded(drawn: dict[str, go.Figure]) -> str:
    """The figures as JSON that cannot end the script element it stands in."""
    text = "{" + ",".join(f"{json.dumps(name)}:{figure.to_json()}" for name, figure in drawn.items()) + "}"
    return text.replace("<", "\\u003c")


def _policy(*scripts: str) -> str:
    """A content security policy under which only these scripts run, and nothing is loaded from anywhere."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
