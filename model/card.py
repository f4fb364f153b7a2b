"""A model card from what a checkpoint knows of itself: Mitchell et al. 2019, Model cards for model reporting.

What no file knows, the purpose and the faults, is written by hand in notes.md beside the weights.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

from model.checkpoint import Checkpoint

SOURCES = Path(__file__).parent / "sources.csv"
_SENTENCES = {
    "machine_listener_auc":
        "machine listener (AUC 1: always told from the human's continuation, 0.5: never): {model:.2f}; "
        "a first-order Markov chain has {markov:.2f}",
    "faults_per_1000":
        "faults per 1,000 takes: {raw:.0f} where nobody looks, {guarded:.0f} as the app's guard leaves them",
    "copied_run_p99":
        "longest run of notes copied from the training music, 99th percentile: {model:.0f} notes; between "
        "human pieces {human:.0f}",
}
_WISHES = {"density": "notes a bar within a factor 1.5", "style": "a style that a classifier hears",
           "players": "chosen instruments that play"}
_HOW = {"nothing": "from nothing", "prompt": "continuing"}


def write_card(ready: Checkpoint) -> Path:
    """Write MODEL_CARD.md into the checkpoint's folder, with evaluation.json and notes.md where they are.

    notes.md has what is said first and, after a line of three dashes, the known faults.
    """
    notes = _text(ready.folder / "notes.md").strip()
    about, _, faults = notes.partition("\n---\n")
    parts = [f"# {ready.name}", about.strip(), _facts(ready), _losses(ready), _data(ready)]
    if faults:
        parts += ["## Known faults", faults.strip()]
    path = ready.folder / "MODEL_CARD.md"
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    return path


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _facts(ready: Checkpoint) -> str:
    config, data = ready.config, ready.config.get("data", {})
    shape = ", ".join(f"{name} {value if isinstance(value, str) else format(value, 'g')}"
                      for name, value in config["shape"].items())
    seen, there = config.get("tokens_seen", 0), data.get("tokens", {}).get("train", 0)
    passes = f", {seen / there:.2f} of a pass over its training set" if there else ""
    rows = {
        "network": f"{config['network']}: {shape}",
        "parameters": f"{sum(p.numel() for p in ready.network.parameters()):,}",
        "layout": data.get("layout", data.get("tokenizer", "")),
        "weights": f"bfloat16, SHA-256 `{ready.sha256}`",
        "recipe": f"`model/recipes/{config['recipe']['name']}.yaml`",
        "training": f"{config.get('steps', 0):,} optimiser steps; {seen:,} steps of the network seen{passes}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _losses(ready: Checkpoint) -> str:
    found = json.loads(_text(ready.folder / "evaluation.json") or "{}")
    bits = found.get("bits_per_note", {})
    if not bits:
        return ""
    lines = ["## Measured", "",
             "On pieces of the test split, 10% by source piece, that training never saw:", "",
             f"- {bits['test']:.2f} bits per note"]
    for key, sentence in _SENTENCES.items():
        if found.get(key):
            lines.append("- " + sentence.format(**found[key]))
    lines += _wishes(found.get("controls") or {})
    lines += ["", "`evaluation.json` has everything, by data set and with intervals."]
    if (ready.folder / "curve.svg").is_file():
        lines += ["", "![Validation loss over training](curve.svg)"]
    return "\n".join(lines)


def _wishes(controls: dict) -> list[str]:
    """How often each wish is done (see evaluation/controls.py)."""
    return [f"- wish, {_HOW[how]}: {what}: {part['done']:.0%}"
            + (f" (unasked {part['unasked']:.0%})" if part["unasked"] is not None else "")
            for wish, what in _WISHES.items() for how, part in controls.get(wish, {}).items() if how in _HOW]


def _data(ready: Checkpoint) -> str:
    data = ready.config.get("data", {}).get("datasets", {})
    if not data:
        return ""
    with open(SOURCES, newline="", encoding="utf-8") as file:
        known = {row["dataset"]: row for row in csv.DictReader(file)}
    weights = ready.config["recipe"].get("weights", {})
    used = {name: counts for name, counts in data.items() if weights.get(name, 1) > 0}
    uses = {known[name]["use"] if name in known else "unknown" for name in used}
    free = uses <= {"free"}
    said = ("All of it is free: public domain, CC0 or CC BY." if free else
            "The weights inherit no single licence: **research and private use only**, because much of the "
            "music is under non-commercial terms or has no licence at all.")
    lines = ["## Training music", "", said, "",
             "| data set | source | licence as found | use | files | notes | weight |",
             "|---|---|---|---|---|---|---|"]
    for name, counts in used.items():
        row = known.get(name, {"source": "", "licence": "unknown", "use": "unknown"})
        lines.append(f"| {name} | {row['source']} | {row['licence']} | {row['use']} | {counts['files']:,} | "
                     f"{counts['notes']:,} | {weights.get(name, 1):g} |")
    return "\n".join(lines)
