"""The analysis plan: what will be asked and how, fixed before the first participant; and what became of it.

A plan is drafted from a study's own file (the document that ``python -m survey design`` writes), kept with
the study, and exported as plan.json. Its SHA-256 is that of the file's bytes, so that anybody can check it
with any program. Nosek et al. (2018), PNAS 115:2600, on why a plan must be fixed beforehand. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

ALPHA = 0.05
MARGIN = 0.1  # of accuracy around 1/2, where a study file states none
NEEDED = ("study", "frozen_at", "study_file_sha256", "alpha", "margin", "exclusions", "stop")
QUOTA_FULL = "quota full"
FAILED_ATTENTION = "failed an attention check"
TESTS = {
    "pairs": {
        "primary_outcome": "Share of right answers among those that name one clip of a pair with exactly one "
        "AI clip; don't know, both and neither are left out, as are practice and repeats.",
        "test": "Two-sided t test of this share against 1/2 on the logit scale, standard error clustered by "
        "participant; the exact binomial test is told beside it.",
        "equivalence": "Two one-sided tests with the same standard error: the share counts as equivalent to "
        "1/2 if its 90% interval lies within the margin. Nothing is called indistinguishable otherwise.",
    },
    "preferences": {
        "primary_outcome": "Which of two systems' clips listeners prefer; both and neither are ties, don't "
        "know is left out.",
        "test": "Bradley-Terry strengths with ties; intervals by bootstrap over participants.",
    },
    "ratings": {
        "primary_outcome": "Mean blind rating of each setting.",
        "test": "Friedman's test over settings, then Wilcoxon's signed-rank tests of every two of them.",
    },
}
CORRECTIONS = (
    "The primary outcome is one test and is not corrected. All other tests of one family are corrected by "
    "Holm's method, and the report counts them."
)


def draft(design: Mapping[str, Any], at: datetime, exclusions: Iterable[str] = ()) -> dict[str, Any]:
    """The plan of a study as plain JSON, from its design document.

    ``at`` is the moment of freezing, with a time zone. ``exclusions`` are further reasons for which
    participants may be left out, besides those that the study file itself brings about.
    """
    study = design["definition"]
    kind = _primary(design)
    stop = study.get("stop") or {}
    plan = {
        "study": design["study"],
        "title": say(study["title"], study),
        "frozen_at": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "study_file_sha256": design["definition_sha256"],
        "questions": [
            {"section": section["id"], "kind": section["kind"], "question": say(section["question"], study)}
            for section in study["sections"]
            if section.get("question") and not section.get("practice")
        ],
        **TESTS.get(kind, {}),
        "alpha": ALPHA,
        "margin": (study.get("margin") or MARGIN) if kind == "pairs" else None,
        "exclusions": sorted({*_built_in(design), *exclusions}),
        "corrections": CORRECTIONS,
        "stop": {"participants": stop.get("participants"), "date": stop.get("date")},
    }
    return plan


def say(text: str | Mapping[str, str], study: Mapping[str, Any]) -> str:
    """A text of a study file in the study's own language."""
    return text if isinstance(text, str) else text[study["language"]]


def as_file(plan: Mapping[str, Any]) -> str:
    """The content of plan.json."""
    return json.dumps(plan, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(content: str) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def as_text(plan: Mapping[str, Any]) -> str:
    """The plan as a page of text."""
    stop = plan["stop"]
    ends = [
        f"when {stop['participants']} participants have finished" if stop["participants"] else "",
        f"at the end of {stop['date']}" if stop["date"] else "",
    ]
    margin = "" if plan["margin"] is None else f"{plan['margin']:g} around 1/2"
    parts = {
        "Questions": "\n".join(f"- {one['question']} ({one['section']})" for one in plan["questions"]),
        "Primary outcome": plan.get("primary_outcome", ""),
        "Test": plan.get("test", ""),
        "Equivalence": plan.get("equivalence", ""),
        "Equivalence margin": margin,
        "Alpha": f"{plan['alpha']:g}, two-sided",
        "Corrections": plan["corrections"],
        "Who is left out": "; ".join(plan["exclusions"]) or "nobody",
        "End of the study": " or ".join(filter(None, ends)) or "when it is closed; no number is fixed",
        "Study file (SHA-256)": plan["study_file_sha256"],
        "Frozen at": plan["frozen_at"],
    }
    heading = f"Analysis plan of the study '{plan['study']}': {plan['title']}"
    body = "\n\n".join(f"{name}\n{words}" for name, words in parts.items() if words)
    return f"{heading}\n{'=' * len(heading)}\n\n{body}\n"


def departures(plan: Mapping[str, Any], done: Mapping[str, Any]) -> list[str]:
    """Everything in which the study or its analysis is not what was planned, one sentence each.

    ``done`` holds: ``margin`` and ``alpha`` as used; ``excluded`` (reason: participants); ``finished`` (how
    many did); ``first_started`` and ``last_started`` (ISO 8601 in UTC or None); ``study_file_sha256`` (None
    where the study file is not among the data).
    """
    told = []
    for name, what in (("margin", "equivalence margin"), ("alpha", "significance level")):
        if plan[name] is not None and done[name] != plan[name]:
            told.append(f"The {what} was planned as {plan[name]:g}, and {done[name]:g} was used.")
    for reason, n in done["excluded"].items():
        if reason not in plan["exclusions"]:
            told.append(f"{_people(n)} excluded for a reason that was not planned: {reason}.")
    stop = plan["stop"]
    if stop["participants"] and done["finished"] != stop["participants"]:
        early = "before" if done["finished"] < stop["participants"] else "after"
        told.append(
            f"The study stopped {early} the planned number: {stop['participants']} participants were to "
            f"finish, and {done['finished']} did."
        )
    if stop["date"] and done["last_started"] and done["last_started"][:10] > stop["date"]:
        day = done["last_started"][:10]
        told.append(f"Somebody started on {day}, after the planned end, {stop['date']}.")
    if done["first_started"] and done["first_started"] < plan["frozen_at"]:
        told.append(
            f"The plan is not older than the data: it was frozen at {plan['frozen_at']}, and the first "
            f"participant had started at {done['first_started']}."
        )
    if done["study_file_sha256"] not in (None, plan["study_file_sha256"]):
        told.append("The study file was changed after the plan was frozen.")
    return told


def _people(n: int) -> str:
    return "1 participant was" if n == 1 else f"{n} participants were"


def _primary(design: Mapping[str, Any]) -> str | None:
    """The kind of the study's primary outcome: pairs before preferences before ratings."""
    kinds = {trial["kind"] for person in design["participants"] for trial in person}
    order = {"pair": "pairs", "preference": "preferences", "rating": "ratings"}
    return next((name for kind, name in order.items() if kind in kinds), None)


def _built_in(design: Mapping[str, Any]) -> list[str]:
    """The reasons that a study file itself brings about."""
    reasons = [QUOTA_FULL] if design["definition"].get("quotas") else []
    if any(trial["kind"] == "attention" for person in design["participants"] for trial in person):
        reasons.append(FAILED_ATTENTION)
    return reasons
