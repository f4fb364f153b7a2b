"""Rules by which a researcher leaves participants out: stated in advance, the same for everybody, counted.

Pure functions of what the export files hold. Each rule looks at how somebody took part, none at whether they
were right. The thresholds are the researcher's to state; the literature on careless responding asks that they
be fixed before the data are seen (Meade & Craig 2012, Psychological Methods 17, 437-455).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from survey.errors import StoreError
from survey.values import StudyData

TIMED = ("pair", "preference", "rating", "open_rating")    # kinds of answers whose time counts
GONE_AFTER = timedelta(hours=1)                            # without an answer, before an end is given up
MIRRORED = {"a": "b", "b": "a"}                            # a repeat has its sides swapped
Row = Mapping[str, object]
Breaks = Callable[[Row, list[Row]], bool]


@dataclass(frozen=True)
class Verdict:
    """What one rule says: the sentence that becomes the reason, everybody who breaks it, and those among them
    whom no earlier rule excludes, by participant id."""

    reason: str
    broken_by: frozenset[str]
    excludes: frozenset[str]


def reasons(limits: Mapping[str, float | None]) -> list[str]:
    """The sentences of the chosen rules, in the order of `RULES`; see `judge` for `limits` and errors."""
    return [reason for reason, _ in _chosen(limits, datetime.max.replace(tzinfo=UTC))]


def judge(data: StudyData, limits: Mapping[str, float | None], now: datetime) -> list[Verdict]:
    """What the chosen rules say about everybody who is not excluded yet, in the order of `RULES`.

    Args:
        data: the study's participants and answers.
        limits: the chosen rules by name, each with its number (see `RULES`), or None where it has none.
        now: the moment, aware of its time zone.

    Raises:
        StoreError: if a rule is unknown or a number is out of range.
    """
    chosen = _chosen(limits, now)
    given: dict[object, list[Row]] = {}
    for answer in data.answers:
        given.setdefault(answer["participant_id"], []).append(answer)
    counted = [person for person in data.participants if not person["excluded"]]
    verdicts: list[Verdict] = []
    for reason, breaks in chosen:
        broken = frozenset(str(person["participant_id"]) for person in counted
                           if breaks(person, given.get(person["participant_id"], [])))
        verdicts.append(Verdict(reason, broken, broken.difference(*(one.broken_by for one in verdicts))))
    return verdicts


def _chosen(limits: Mapping[str, float | None], now: datetime) -> list[tuple[str, Breaks]]:
    for name in limits:
        if name not in RULES:
            raise StoreError(f"There is no rule '{name}'; the rules are {', '.join(RULES)}.")
    return [RULES[name](limits[name], now) for name in RULES if name in limits]


def _unfinished(_: float | None, now: datetime) -> tuple[str, Breaks]:
    def breaks(person: Row, answers: list[Row]) -> bool:
        if person["finished_at"] is not None:
            return False
        moments = [person["started_at"], *(answer["answered_at"] for answer in answers)]
        last = max((moment for moment in moments if moment is not None), default=None)
        return last is None or now - last > GONE_AFTER
    return "did not finish", breaks


def _attention(_: float | None, now: datetime) -> tuple[str, Breaks]:
    def breaks(person: Row, answers: list[Row]) -> bool:
        return any(answer["condition"] != f"expect_{answer['choice']}"
                   for answer in _of(answers, "attention"))
    return "failed an attention check", breaks


def _fast(limit: float | None, now: datetime) -> tuple[str, Breaks]:
    seconds = _within("fast", limit, 0, 600)

    def breaks(person: Row, answers: list[Row]) -> bool:
        times = [answer["response_ms"] for answer in _of(answers, *TIMED)
                 if answer["response_ms"] is not None]
        return bool(times) and median(times) < 1000 * seconds
    return f"median response under {seconds:g} s", breaks


def _repeats(limit: float | None, now: datetime) -> tuple[str, Breaks]:
    percent = _within("repeats", limit, 0, 100)

    def breaks(person: Row, answers: list[Row]) -> bool:
        first = {answer["trial_id"]: answer["choice"] for answer in answers}
        same = [MIRRORED.get(first[again["repeat_of"]], first[again["repeat_of"]]) == again["choice"]
                for again in answers if again["repeat_of"] in first and again["choice"] is not None]
        return bool(same) and 100 * sum(same) < percent * len(same)
    return f"same answer to under {percent:g}% of repeats", breaks


# By name, in the order in which they are applied: who breaks several is counted under the first.
RULES: dict[str, Callable[[float | None, datetime], tuple[str, Breaks]]] = {
    "unfinished": _unfinished, "attention": _attention, "fast": _fast, "repeats": _repeats}


def _of(answers: Iterable[Row], *kinds: str) -> list[Row]:
    return [answer for answer in answers if answer["kind"] in kinds]


def _within(name: str, limit: float | None, low: float, high: float) -> float:
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not low < limit <= high:
        raise StoreError(f"The rule '{name}' needs a number over {low:g} and up to {high:g}, not {limit!r}.")
    return limit
