"""Results -> evaluation.html: one page that needs nothing else, no script and nothing from outside."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from model.evaluation.controls import NEAR, OBEYED
from model.evaluation.features import HISTOGRAMS, SCALARS
from model.evaluation.figures import figures

STYLE = Path(__file__).parents[2] / "static" / "report.css"        # of every report; report.css has its own
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
CAPTIONS = {
    "listener": "How well a classifier tells continuations from people's, with 95% intervals over pieces. "
                "It is judged on pieces that it has not learnt from.",
    "telling": "What tells the model's continuations most, each cue alone.",
    "features": "How far the model's continuations are from people's, over how far two halves of people's "
                "are from each other. Logarithmic; 95% intervals by jackknife.",
    "faults": "Plain faults. People's continuations are counted by the same rules.",
    "copies": "The longest run of notes that stands in a training piece with the same intervals and rhythm, "
              "in any key. Pieces held out show how much is common property.",
    "ngrams": "N-grams of 2 to 5 notes: new, standing in the prompt, or repeating the continuation itself. "
              "A dot is a prompt, a line the median.",
    "positions": "Bits per note by place in the piece: more has been heard, less is surprising.",
    "kinds": "What the bits are spent on.",
    "datasets": "Bits per note by data set, with the number of pieces and 95% intervals.",
}
_WISHES = {"density": "Notes a bar", "style": "Style", "players": "Instruments"}
_CIRCUMSTANCES = {"nothing": "from nothing", "prompt": "continuing"}
SECTIONS = {
    "Can it be told from people?": ("listener", "telling"),
    "Is it like people's music?": ("features", "ngrams"),
    "Is something wrong?": ("faults", "copies"),
    "Does it predict music?": ("positions", "kinds", "datasets"),
}


def write(results: dict, out: Path) -> tuple[Path, Path]:
    """Write evaluation.json and evaluation.html into a folder, made where it is missing; their paths.

    ValueError where a number is no number (JSON has no NaN). OSError where the folder cannot be written.
    """
    text, page = json.dumps(results, indent=1, allow_nan=False, ensure_ascii=False), render(results)
    out.mkdir(parents=True, exist_ok=True)
    paths = out / "evaluation.json", out / "evaluation.html"
    for path, content in zip(paths, (text, page), strict=True):
        path.write_text(content + "\n", encoding="utf-8")
    return paths


def render(results: dict) -> str:
    """The page, from what `run.evaluate` returns; every value is escaped."""
    here = Path(__file__).parent
    drawn = {name: Markup(svg) for name, svg in figures(results).items()}
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True)
    return environment.get_template("report.html.j2").render(
        results=results, policy=POLICY,
        css=Markup("".join(sheet.read_text(encoding="utf-8") for sheet in (STYLE, here / "report.css"))),
        headline=headline(results), facts=facts(results), drawn=drawn, captions=CAPTIONS, sections=SECTIONS,
        features=_features(results), settings=_settings(results), wishes=wishes(results), near=NEAR,
        obeyed=OBEYED, meanings={**SCALARS, **HISTOGRAMS})


def headline(results: dict) -> str:
    """The one sentence of the page."""
    listener = (results.get("listener") or {}).get("model")
    if listener:
        share = listener["auc"]
        text = (f"A classifier finds the model's continuation the more machine-like in {share:.0%} of "
                "comparisons with people's")
        low, high = listener["ci95"] or (share, share)
        return f"{text} ({low:.0%} to {high:.0%}); blind guessing is 50%."
    if results.get("likelihood"):
        return f"The model needs {results['likelihood']['all']['bits_per_note']:.2f} bits per note."
    return "Too few prompts for a classifier."


def facts(results: dict) -> dict[str, str]:
    """The few numbers beside it, by their names."""
    found = {}
    if results.get("likelihood"):
        found["bits per note"] = f"{results['likelihood']['all']['bits_per_note']:.2f}"
    if results.get("prompts"):
        found["prompts"] = f"{results['prompts']}"
        if results["feature_distance_mean_ratio"]["model"] is not None:
            found["times people's own distance"] = f"{results['feature_distance_mean_ratio']['model']:.2f}"
        found["faulty takes of 1,000"] = f"{results['faults_per_1000']['guarded']:.0f}"
        if results["copied_run_p99"]:
            runs = results["copied_run_p99"]
            found["notes copied, 99th percentile (people)"] = f"{runs['model']:.0f} ({runs['human']:.0f})"
    return found


def wishes(results: dict) -> list[dict]:
    """Rows of the table of controls: what was asked for, in which circumstances, how often it was done."""
    return [{"wish": _WISHES[wish], "how": _CIRCUMSTANCES[how], **part}
            for wish, found in (results.get("controls") or {}).items()
            for how, part in found.items() if how in _CIRCUMSTANCES]


def _settings(results: dict) -> str:
    settings = results.get("settings", {})
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())


def _features(results: dict) -> list[tuple[str, dict]]:
    return list(results["features"]["model"]["features"].items()) if results.get("features") else []
