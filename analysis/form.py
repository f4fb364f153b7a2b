"""The form of a new study: its fields, where each goes in a study file, and which are seen at first. No
Gradio.

Five are in view: the languages, a title and a summary (in each language that is chosen), the sections, and
how many pairs. Everything else is behind 'More', with a value that makes a sound study.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.board import Spoken

Kind = Literal["line", "lines", "number", "several", "one", "switch"]

_PARTS = {"Musical experience": "experience", "Musical training": "training", "Sound check": "sound_check",
          "Practice": "practice", "Pairs": "pairs", "Ratings": "ratings", "Open ratings": "open_ratings",
          "Comments": "comments"}
_LEVELS = ("none", "beginner", "intermediate", "advanced", "expert")
_NUMBERED = re.compile(r", line \d+: (\S+)")


@dataclass(frozen=True)
class Field:
    """One field. `name` is the wish's (see ``Office.draft``), `place` matches what it fills in a study file,
    `choices` are (label, value), for `several` and `one`."""

    name: str
    kind: Kind
    label: str
    value: object = None
    info: str | None = None
    place: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Form:
    """Fields by where they are: `texts` are those of each language, `more` has headings and rows."""

    languages: Field
    texts: tuple[tuple[str, tuple[Field, ...]], ...]
    plan: tuple[Field, ...]
    more: tuple[tuple[str, tuple[tuple[Field, ...], ...]], ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, in one order."""
        return (*(one for _, fields in self.texts for one in fields), self.languages, *self.plan,
                *(one for _, rows in self.more for row in rows for one in row))

    def label(self, sentence: str) -> str:
        """The label of the field that a mistake of a study file comes from; '' if there is none."""
        found = _NUMBERED.search(sentence)
        place = found[1] if found else ""
        return next((one.label for one in self.fields if one.place and re.search(one.place, place)), "")


def form(spoken: Sequence[Spoken], systems: Sequence[str]) -> Form:
    """The form where studies may be in these languages (the first is chosen) and made by these systems."""
    tags = "|".join(one.tag for one in spoken)
    languages = Field("languages", "several", "Languages", [spoken[0].tag], "Of the texts that you do not "
                      "write, each has its own.", r"^languages?\b|sections.*\.(" + tags + ")$",
                      tuple((one.name, one.tag) for one in spoken))
    return Form(languages, tuple((one.tag, _texts(one)) for one in spoken), (
        Field("parts", "several", "Sections", ["experience", "sound_check", "practice", "pairs", "comments"],
              place=r"^sections$|\.id$", choices=tuple(_PARTS.items())),
        Field("one_ai", "number", "Pairs of human and machine", 6, place=r"pairs\.one_ai$|pairs$"),
    ), (
        ("Further pairs", (_further_pairs(),)),
        ("Clips", (_clips(), (Field(
            "prompts", "one", "The two clips of a pair continue", "same", place=r"\.prompts$",
            choices=(("The same prompt", "same"), ("Any prompts", "free"))),))),
        ("The machine", ((_systems(systems),), _sampling())),
        ("Ratings", ((Field("labels", "switch", "Label experiment", False,
                            "The same clips rated blind, labelled truly, and labelled falsely; everybody is "
                            "told at the end.", r"\.labels"),),)),
        ("Who may take part", ((
            Field("participants", "number", "Stop after participants", info="0: no end",
                  place=r"^stop\.participants"),
            Field("until", "line", "Last day", info="Such as 2027-01-31", place=r"^stop\.date|^stop$")),
            (Field("invited", "switch", "By invitation only", False, place="^access"),))),
        ("At most so many who … (0: any number)", (_musicians(), _levels())),
        ("Where they come from", ((
            Field("parameters", "line", "Parameters of the link to keep", info="Such as PROLIFIC_PID, "
                  "STUDY_ID", place="^parameters"),
            Field("completion_code", "line", "Completion code", info="Shown at the end",
                  place=r"^completion(\.code)?$"),
            Field("completion_url", "line", "Address to return to", info="Shown with the code",
                  place=r"^completion\.url")),)),
    ))


def _texts(spoken: Spoken) -> tuple[Field, ...]:
    """The title and the summary in one language; only where they are alone their place names no language."""
    alone = rf"(\.{spoken.tag})?$"
    return (Field(f"title_{spoken.tag}", "line", f"Title in {spoken.name}", spoken.title,
                  place=f"^(title{alone}|slug$)"),
            Field(f"summary_{spoken.tag}", "lines", f"Summary in {spoken.name}", spoken.summary,
                  place=f"^summary{alone}"))


def _further_pairs() -> tuple[Field, ...]:
    return tuple(Field(name, "number", label, value, place=rf"pairs\.{name}$|\.{name}_question$")
                 for name, label, value in (
                     ("both_ai", "Two machines", 1), ("both_human", "Two humans", 1),
                     ("repeats", "Heard again", 1), ("attention", "Attention checks", 1),
                     ("prefer", "Preference", 0)))


def _clips() -> tuple[Field, ...]:
    return (Field("minutes", "number", "Minutes, as announced", 12, place="^minutes"),
            Field("seconds", "number", "Seconds of a clip", 15, place=r"^clips\.seconds"),
            Field("prompt_bars", "number", "Bars of the prompt", 4, place=r"^clips(\.prompt_bars)?$"))


def _systems(systems: Sequence[str]) -> Field:
    return Field("systems", "several", "Systems", [], "None: the program's own choice. Several are compared.",
                 r"\.system\b", tuple((name, name) for name in systems))


def _sampling() -> tuple[Field, ...]:
    return tuple(Field(name, "line", label, value, info, rf"\.{name}\b|settings\[\d+\]$")
                 for name, label, value, info in (
                     ("temperature", "Temperature", "1.0", "Several: 0.7, 1.0"),
                     ("top_k", "Top-k", "0", "0: all"), ("top_p", "Top-p", "0.95", "1: all"),
                     ("no_repeat_ngram", "No-repeat n-gram", "0", "0: off")))


def _musicians() -> tuple[Field, ...]:
    return tuple(_quota("musician", answer, label) for answer, label in (
        ("yes", "make music"), ("no", "make no music")))


def _levels() -> tuple[Field, ...]:
    return tuple(_quota("level", level, f"are at the level ‘{level}’") for level in _LEVELS)


def _quota(question: str, answer: str, label: str) -> Field:
    return Field(f"quota_{question}_{answer}", "number", label,
                 place=rf"^quotas\.{question}(\.{answer})?$")
