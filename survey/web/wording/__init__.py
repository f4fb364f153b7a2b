"""What the Study page itself says, in every language that it speaks: `survey/web/wording/<language>.yaml`.

A study's own texts are not here; they come with the study. Sentences hold `{placeholders}`, and none of the
characters that HTML would read as markup, so that a sentence is safe wherever its values are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("en", "de", "es", "zh")
FALLBACK = "en"
MAX_SUBTAGS = 8                         # of a language that somebody asks for
FOLDER = Path(__file__).parent
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?")
# What static/study.js says by itself, by the names that it uses.
_SCRIPT = {
    "unreached": "page.unreached", "copied": "page.copied", "copyByHand": "page.copy_by_hand",
    "missing": "step.missing", "number": "step.number", "time": "player.time", "heard": "player.heard",
    "failed": "player.failed", "ready": "trial.ready", "readyToCount": "sound_check.ready",
}

Entry = str | dict[str, str]


@cache
def catalogue(language: str) -> dict[str, Entry]:
    """Every entry of a language by its dotted key: a sentence, or its plural forms `one` and `other`."""
    tree = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return {f"{part}.{key}": entry for part, entries in tree.items() if isinstance(entries, dict)
            for key, entry in entries.items()} | {"name": tree["name"]}


def entry(language: str, key: str) -> Entry:
    """One entry, in English where the language is not ours.

    Raises:
        KeyError: if no language has it.
    """
    return catalogue(matched(language, LANGUAGES) or FALLBACK)[key]


def say(language: str, key: str, **values: object) -> str:
    """A sentence with its values filled in; `count` chooses between plural forms.

    Raises:
        KeyError: if there is no such sentence, or a value is missing.
    """
    found = entry(language, key)
    if isinstance(found, dict):
        found = found.get("one" if values["count"] == 1 else "other", found["other"])
    return found.format(**values)


def script(language: str) -> dict[str, Entry]:
    """The sentences of static/study.js; their placeholders are filled in there."""
    return {name: entry(language, key) for name, key in _SCRIPT.items()}


def opening() -> dict[str, dict[str, Entry]]:
    """What the page says before it has reached the server, by language."""
    return {language: {name: entry(language, f"page.{name}") for name in ("opening", "unreached")}
            for language in LANGUAGES}


def name(language: str) -> str:
    """A language's own name; its tag where we do not know it."""
    ours = matched(language, LANGUAGES)
    return str(catalogue(ours)["name"]) if ours else language


def chosen(wanted: Iterable[str], offered: Sequence[str]) -> str:
    """The first wanted language that is offered, the first offered one where none is."""
    return next((found for tag in wanted if (found := matched(tag, offered))), offered[0])


def matched(tag: str, offered: Sequence[str]) -> str | None:
    """The offered language that fits a tag best: 'de-AT' may be answered in 'de' (RFC 4647, section 3.4)."""
    by_lower = {one.lower(): one for one in offered}
    parts = tag.lower().split("-")[:MAX_SUBTAGS]
    return next((by_lower[sought] for length in range(len(parts), 0, -1)
                 if (sought := "-".join(parts[:length])) in by_lower), None)


def preferred(header: str) -> list[str]:
    """The languages of an Accept-Language header, the best first (RFC 9110, section 12.5.4)."""
    ranges = _RANGE.findall(header)
    weighed = [(float(quality or 1), tag) for tag, quality in ranges]
    return [tag for quality, tag in sorted(weighed, key=lambda one: -one[0]) if quality]
