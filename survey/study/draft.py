"""From a form to a study file. Pure.

The form is for the studies that most people want; everything else is an edit of the file that it makes. What
a form says is not checked here but by `survey.study.study_file`, which names the line of every mistake. What
the study says beside its title and summary is in texts.yaml, in every language that the Study page speaks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

from survey.study.questions import LEVELS
from survey.study.written import write

PARTS = ("experience", "training", "sound_check", "practice", "pairs", "ratings", "open_ratings", "comments")
PAIRS = ("one_ai", "both_ai", "both_human", "prefer", "repeats", "attention")
SAMPLING = ("temperature", "top_k", "top_p", "no_repeat_ngram")
LABELS = ("blind", True, False)         # as a study file writes them
_QUOTA = "quota_"

Wishes = Mapping[str, object]
Part = dict[str, object]


@cache
def texts() -> dict[str, dict[str, str]]:
    """The texts of a study by name and language."""
    return yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8"))


def slug_of(title: str) -> str:
    """A title as the name of a study: 'Human or machine?' is 'human-or-machine'; '' if nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def draft(wishes: Wishes, seed: int) -> str:
    """A study file from a form.

    Args:
        wishes: `languages`, a list of which the first is the study's own; `title_<language>` and
            `summary_<language>` for each; `minutes`, `seconds`, `prompt_bars`; `parts`, a list of `PARTS`; a
            number for each of `PAIRS`; `prompts` (same | free); `systems`, a list; one number or several,
            separated by commas, for each of `SAMPLING`; `labels`, whether the ratings are the label
            experiment; `participants` and `until` (a date); `quota_<question>_<answer>`, a number; `invited`;
            `parameters`, separated by commas; `completion_code` and `completion_url`. What is missing or
            empty is left to the defaults.
        seed: of the study, from 0 to 2**31 - 1.
    """
    return write(_Draft(wishes).content(seed))


class _Draft:
    def __init__(self, wishes: Wishes):
        self._wishes = wishes
        self._languages = [str(one) for one in _list(wishes.get("languages"))]
        self._parts = _list(wishes.get("parts"))
        self._counts = _filled({name: _number(wishes.get(name)) for name in PAIRS})
        self._same = (wishes.get("prompts") or "same") == "same"

    def content(self, seed: int) -> Part:
        """The whole study file."""
        titles = [str(self._wishes.get(f"title_{language}") or "") for language in self._languages]
        own = {"language": self._languages[0]} if self._languages else {}
        several = {"languages": self._languages} if len(self._languages) != 1 else {}
        return {
            "slug": next(filter(None, map(slug_of, titles)), "study"),
            **self._written("title"), **self._written("summary"), **own, **several,
            "minutes": _number(self._wishes.get("minutes")), "seed": seed, "debrief": True,
            **self._admission(),
            "clips": {name: _number(self._wishes.get(name)) for name in ("seconds", "prompt_bars")},
            "sections": [*self._about(), *self._pairs(), *self._rated(), {
                "kind": "thanks", "id": "thanks", **self._said(title="thanks_title", text="thanks")}]}

    def _written(self, name: str) -> Part:
        """A text that the researcher has written, in every language of the study."""
        by_language = {one: self._wishes.get(f"{name}_{one}") or "" for one in self._languages}
        return {name: by_language if len(by_language) != 1 else by_language[self._languages[0]]}

    def _said(self, **names: str) -> Part:
        """Our own texts, in every language of the study: field to name in texts.yaml."""
        return {field: self._text(name) for field, name in names.items()}

    def _text(self, name: str) -> object:
        of = {one: text for one in self._languages if (text := texts()[name].get(one))}
        return of if len(self._languages) != 1 else next(iter(of.values()), "")

    def _admission(self) -> Part:
        """Who may take the study, until when, and what proves that they did."""
        wishes, quotas = self._wishes, {}
        for name, value in wishes.items():
            if name.startswith(_QUOTA) and (wanted := _number(value)):
                question, _, answer = name.removeprefix(_QUOTA).partition("_")
                quotas.setdefault(question, {})[answer] = wanted
        named = str(wishes.get("parameters") or "").replace(",", " ").split()
        return _filled({
            "stop": _filled({"participants": _number(wishes.get("participants")),
                             "date": wishes.get("until")}),
            "quotas": quotas, "access": "invitation" if wishes.get("invited") else None,
            "parameters": named,
            "completion": _filled({"code": wishes.get("completion_code"),
                                   "url": wishes.get("completion_url")})})

    # --- sections -------------------------------------------------------------------------------------------

    def _about(self) -> Iterable[Part]:
        """What comes before the music."""
        yield {"kind": "consent", "id": "consent", **self._said(title="consent_title", text="consent")}
        if "experience" in self._parts:
            yield {"kind": "questions", "id": "about_you", **self._said(title="about_title"), "questions": [
                self._choice("musician", ("yes", "no")), self._choice("level", LEVELS)]}
        if "training" in self._parts:
            yield {"kind": "questions", "id": "training",
                   **self._said(title="training_title", text="training"), "block": "musical_training"}
        if "sound_check" in self._parts:
            yield {"kind": "sound_check", "id": "sound_check", **self._said(title="sound_check_title")}

    def _choice(self, name: str, answers: Iterable[str]) -> Part:
        return {"id": name, "kind": "choice", **self._said(text=name),
                "options": self._said(**{answer: f"{name}_{answer}" for answer in answers})}

    def _pairs(self) -> Iterable[Part]:
        """Pairs, and one to practise: which was made by AI, or, where all compare settings, which is
        better."""
        if "pairs" not in self._parts:
            return
        prefer, heard = set(self._counts) & set(PAIRS[:4]) == {"prefer"}, "same" if self._same else "free"
        question = self._said(question="prefer_question" if prefer else "pairs_question")
        better = "prefer" in self._counts and not prefer
        if "practice" in self._parts:
            pairs = {"pairs": {"prefer": 1} if prefer else {"one_ai": 1}, "prompts": heard}
            yield {"kind": "pairs", "id": "practice",
                   **self._said(title="practice_title", text=f"practice_{heard}"), **question,
                   "practice": True, **pairs, "settings": self._compared() if prefer else [self._first()]}
        of = "prefer" if prefer else "pairs"
        yield {"kind": "pairs", "id": "pairs",
               **self._said(title=f"{of}_title", text="prefer_text" if prefer else f"pairs_{heard}"),
               **question, **(self._said(prefer_question="prefer_question") if better else {}),
               "pairs": self._counts, "prompts": heard, "settings": self._compared(), "ask_recognised": True,
               **self._comment(f"{of}_comment")}

    def _rated(self) -> Iterable[Part]:
        """Single clips: rated blind, or under labels; and such as are known to be the machine's."""
        like = self._said(question="like", low="like_low", high="like_high")
        labels = {"labels": list(LABELS)} if self._wishes.get("labels") else {}
        if "ratings" in self._parts or labels:
            text = "ratings_labelled" if labels else "ratings"
            yield {"kind": "ratings", "id": "ratings", **self._said(title="ratings_title", text=text), **like,
                   "settings": [self._grid()], "human": True, **labels, "ask_recognised": True,
                   **self._comment("ratings_comment")}
        if "open_ratings" in self._parts:
            yield {"kind": "open_ratings", "id": "open_ratings",
                   **self._said(title="open_title", text="open"), **like, "settings": [self._first()]}

    def _comment(self, name: str) -> Part:
        return self._said(comment=name) if "comments" in self._parts else {}

    # --- settings -------------------------------------------------------------------------------------------

    def _values(self) -> dict[str, list[object]]:
        """Every setting with the values that are wanted of it."""
        systems = {"system": _list(self._wishes.get("systems"))}
        return _filled(systems | {name: _numbers(self._wishes.get(name)) for name in SAMPLING})

    def _first(self) -> Part:
        """The first value of every setting."""
        return {name: values[0] for name, values in self._values().items()}

    def _grid(self) -> Part:
        """All values of every setting: every combination."""
        return {name: values if len(values) > 1 else values[0] for name, values in self._values().items()}

    def _compared(self) -> list[Part]:
        """What pairs compare: systems and temperatures, with the first value of what else there is."""
        grid = self._grid()
        return [self._first() | {name: grid[name] for name in ("system", "temperature") if name in grid}]


def _filled(part: Part) -> Part:
    """A part without the fields that are empty."""
    return {name: value for name, value in part.items() if value}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _number(value: object) -> object:
    """12.0, which is what a browser makes of 12, as 12."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _numbers(value: object) -> list[object]:
    """'0.7, 1' as [0.7, 1]; what is no number stays, for the check to name its line."""
    words = str(value).replace(";", ",").split(",") if value not in (None, "") else []
    return [_read(word.strip()) for word in words if word.strip()]


def _read(word: str) -> object:
    try:
        return int(word)
    except ValueError:
        try:
            return float(word)
        except ValueError:
            return word
