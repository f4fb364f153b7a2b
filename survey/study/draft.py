"""From a form to a study file, and from a study back to the file that says the same.

The form is for the studies that most people want; everything else is an edit of the file that it makes. What
a form says is not checked here but by `survey.study.study_file`, which names the line of every mistake.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

import yaml

from survey.study import LEVELS, Study

PARTS = ("experience", "training", "sound_check", "practice", "pairs", "ratings", "open_ratings", "comments")
PAIRS = ("one_ai", "both_ai", "both_human", "prefer", "repeats", "attention")
SETTINGS = ("temperature", "top_k", "top_p", "no_repeat_ngram")
_CONSENT = (
    "Taking part is voluntary. We store your answers, the times at which you give them and how often you "
    "play a clip, but no name and no internet address. You may stop at any moment, and you may have your "
    "answers deleted with the link that you find on every page. By going on you agree that your anonymous "
    "answers are used for research.")
_LIKE = {"question": "How do you like this music?", "low": "Not at all", "high": "Very much"}


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists indented, every mapping in the order of its fields, long text folded."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.Dumper, value: str) -> yaml.ScalarNode:
    folded = len(value) > 80 and "\n" not in value and value == " ".join(value.split())
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=">" if folded else None)


_Dumper.add_representer(str, _text)


def write(content: Mapping[str, object]) -> str:
    """A mapping as the text of a study file."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def written(study: Study) -> str:
    """A file that says what a study says, with the fields that differ from their defaults."""
    return write(_kind_first(study.model_dump(mode="json", exclude_defaults=True)))


def _kind_first(part: object) -> object:
    """The same, with the `kind` of everything in front, where a reader looks for it."""
    if isinstance(part, list):
        return [_kind_first(one) for one in part]
    if not isinstance(part, dict):
        return part
    kind = {"kind": part["kind"]} if "kind" in part else {}
    return {**kind, **{name: _kind_first(one) for name, one in part.items()}}


def slug_of(title: str) -> str:
    """A title as the name of a study: 'Human or machine?' is 'human-or-machine'."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "study"


def draft(wishes: Mapping[str, object], seed: int) -> str:
    """A study file from a form.

    Args:
        wishes: `title`, `summary`, `minutes`, `seconds`, `prompt_bars`; `parts`, a list of `PARTS`; a number
            for each of `PAIRS`; `prompts` (same | free); one number or several, separated by commas, for each
            of `SETTINGS`, of which the first are the pairs'; `participants`, `until` (a date) and `invited`.
            What is missing or empty is left to the defaults.
        seed: of the study, from 0 to 2**31 - 1.
    """
    parts = wishes.get("parts")
    parts = parts if isinstance(parts, list) else []
    content = {
        "slug": slug_of(str(wishes.get("title") or "")), "title": wishes.get("title") or "",
        "summary": wishes.get("summary") or "", "language": "en", "minutes": _number(wishes.get("minutes")),
        "seed": seed, "debrief": True,
        "clips": {name: _number(wishes.get(name)) for name in ("seconds", "prompt_bars")},
        **_limits(wishes), "sections": [*_about(parts), *_trials(parts, wishes), {
            "kind": "thanks", "id": "thanks", "title": "Thank you!", "text": "Your answers are stored."}]}
    return write(content)


def _limits(wishes: Mapping[str, object]) -> dict[str, object]:
    """When the study ends, and who may take it."""
    stop = {"participants": _number(wishes.get("participants")), "date": wishes.get("until")}
    stop = {name: value for name, value in stop.items() if value}
    limits: dict[str, object] = {"stop": stop} if stop else {}
    return {**limits, "access": "invitation"} if wishes.get("invited") else limits


def _about(parts: Iterable[str]) -> list[dict[str, object]]:
    """What comes before the music."""
    sections: list[dict[str, object]] = [
        {"kind": "consent", "id": "consent", "title": "Before we begin", "text": _CONSENT}]
    if "experience" in parts:
        sections.append({"kind": "questions", "id": "about_you", "title": "About you", "questions": [
            {"id": "musician", "kind": "choice", "text": "Do you play an instrument, sing or make music?",
             "options": {"yes": "Yes", "no": "No"}},
            {"id": "level", "kind": "choice", "text": "How experienced are you in music?",
             "options": {level: level.capitalize() for level in LEVELS}}]})
    if "training" in parts:
        sections.append({"kind": "questions", "id": "training", "title": "Your musical training",
                         "block": "musical_training"})
    if "sound_check" in parts:
        sections.append({"kind": "sound_check", "id": "sound_check", "title": "Can you hear it?"})
    return sections


def _trials(parts: Iterable[str], wishes: Mapping[str, object]) -> list[dict[str, object]]:
    """What is heard and judged."""
    grid = {name: _numbers(wishes.get(name)) for name in SETTINGS}
    grid = {name: values for name, values in grid.items() if values}
    first = {name: values[0] for name, values in grid.items()}
    wanted = {name: _number(wishes.get(name)) for name in PAIRS}
    counts = {name: count for name, count in wanted.items() if count}
    asked = {"ask_recognised": True}
    remark = {"comment": "Was there anything that you noticed?"} if "comments" in parts else {}
    heard = {"question": "Which clip was made by AI?", "prompts": wishes.get("prompts") or "same"}
    sections: list[dict[str, object]] = []
    if "pairs" in parts and "practice" in parts:
        sections.append({"kind": "pairs", "id": "practice", "title": "To get used to it", "practice": True,
                         **heard, "pairs": {"one_ai": 1}, "settings": [first]})
    if "pairs" in parts:
        better = {"prefer_question": "Which clip do you prefer?"} if counts.get("prefer") else {}
        every = [first, *({**first, "temperature": other} for other in grid.get("temperature", ())[1:])]
        sections.append({"kind": "pairs", "id": "pairs", "title": "Which one was made by AI?", **heard,
                         **better, "pairs": counts, "settings": every, **asked, **remark})
    if "ratings" in parts:
        sections.append({"kind": "ratings", "id": "ratings", "title": "How good is it?", **_LIKE,
                         "settings": [grid], "human": True, **asked, **remark})
    if "open_ratings" in parts:
        sections.append({"kind": "open_ratings", "id": "open_ratings", "title": "Music made by AI", **_LIKE,
                         "text": "The next clips were made by an artificial intelligence.",
                         "settings": [first]})
    return sections


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
