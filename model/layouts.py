"""Layouts: how music becomes arrays that a network learns from, and how a network's steps become music.

``events`` is one row a note (`compound`); ``segue``, ``published`` and ``chordless`` are REMI+ tokens with
byte-pair encoding (`remi`). A layout is an object with the methods of `remi.Remi`; nothing outside asks which
it is. It is kept as tokenizer.json, in prepared folders and in checkpoints.
"""

from __future__ import annotations

import json
from pathlib import Path

FILE = "tokenizer.json"
SPLITS = ("train", "valid", "test")       # of a prepared folder, each an array SPLIT.npy
NAMES = ("events", "segue", "published", "chordless")

Layout = "Compound | Remi"


def create(name: str) -> Layout:
    """A layout by its name, before it has learnt a vocabulary."""
    if name not in NAMES:
        raise ValueError(f"A layout is one of {', '.join(NAMES)}; received '{name}'.")
    if name == "events":
        from model.compound import Compound

        return Compound()
    from model.remi import Remi
    from model.remi.tokenizer import Tokenizer

    return Remi(Tokenizer.create(name))


def load(folder: Path) -> Layout:
    """The layout of a prepared folder or a checkpoint. ValueError: made by another version of the program."""
    # MidiTok is imported only for its own: events are learnt where there is no MIDI library.
    table = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if not isinstance(table, dict):
        raise ValueError(f"A {FILE} describes a layout; that of {folder.name} does not.")
    if table.get("layout") == "events":
        from model.compound import Compound

        return Compound.read(table)
    from model.remi import Remi
    from model.remi.tokenizer import Tokenizer

    return Remi(Tokenizer.load(folder / FILE))
