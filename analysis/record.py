"""What an export holds beside its three tables: the study file, the frozen plan, the audit of the clips."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import plan
from analysis.answers import Answers, AnswersError

Document = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """The documents of an export, None where there is no such file, and the SHA-256 of their bytes."""

    study: Document | None = None
    study_sha256: str | None = None
    plan: Document | None = None
    plan_sha256: str | None = None
    audit: Document | None = None

    @property
    def margin(self) -> float:
        """The equivalence margin that was stated: by the plan, else by the study file, else the usual one."""
        stated = (self.plan or {}).get("margin") or (self.study or {}).get("margin")
        return float(stated or plan.MARGIN)


def read(folder: Path | str) -> Record:
    """The documents in a folder; raises AnswersError, one sentence, for one that is damaged."""
    folder = Path(folder)
    study, study_sha256 = _document(folder / "study.json", ("slug", "sections"))
    planned, plan_sha256 = _document(folder / "plan.json", plan.NEEDED)
    audit, _ = _document(folder / "audit.json", ())
    return Record(study, study_sha256, planned, plan_sha256, audit)


def review(record: Record, data: Answers, margin: float, alpha: float = plan.ALPHA) -> Document | None:
    """The plan's hash and the departures from it, as results.json says them; None without a plan."""
    if record.plan is None:
        return None
    people = data.participants
    out = people["excluded"].fillna(False).astype(bool)
    reasons = people.loc[out, "exclusion_reason"].fillna("no reason given").value_counts()
    done = {
        "margin": margin,
        "alpha": alpha,
        "excluded": {str(reason): int(n) for reason, n in sorted(reasons.items())},
        "finished": int(people["finished_at"].notna().sum()),
        "first_started": _moment(people["started_at"].min()),
        "last_started": _moment(people["started_at"].max()),
        "study_file_sha256": record.study_sha256,
    }
    return {
        "sha256": record.plan_sha256,
        "frozen_at": record.plan["frozen_at"],
        "departures": plan.departures(record.plan, done),
    }


def plan_sentences(review: Document | None) -> list[str]:
    """What the report says of the plan, from ``review``."""
    if review is None:
        return [
            "No analysis plan was frozen before the first participant, so everything here is exploratory: a "
            "reader cannot know what would have been reported had the answers been others."
        ]
    first = f"The analysis was planned and frozen at {review['frozen_at']} (SHA-256 {review['sha256']})."
    departed = review["departures"]
    if not departed:
        return [first, "No departure from the plan was found."]
    return [first, f"Departures from the plan: {len(departed)}.", *departed]


def correction_sentences(tests: Document) -> list[str]:
    """What the report says of its number of tests, from what ``families.counted`` found."""
    if not tests["n"]:
        return ["Nothing was tested."]
    held = sum(family["n"] for family in tests["families"].values())
    families = "; ".join(
        f"{name}: {family['n']} ({family['correction']})" for name, family in tests["families"].items()
    )
    told = [f"{tests['n']} tests were made, {held} of them corrected within their family."]
    return told + ([f"Families: {families}."] if families else [])


def audit_sentences(audit: Document | None) -> list[str]:
    """What the report says of the search for cues that give the machine's clips away."""
    if audit is None:
        return ["The clips of this study were not audited for cues that give their origin away."]
    warnings = [str(warning) for warning in audit.get("warnings", ())]
    when = f" at {audit['at']}" if audit.get("at") else ""
    told = [f"The clips were audited{when}. {audit.get('verdict', '')}".strip()]
    parts = {"": audit} | {f" of '{name}' alone": part for name, part in audit.get("systems", {}).items()}
    told += [
        f"The most telling cue{whose} was {part['cues'][0][0]}: area under the ROC curve "
        f"{part['cues'][0][1]:.2f}, cross-validated; 0.5 is guessing, and over "
        f"{audit.get('threshold', 0.65):g} is a warning."
        for whose, part in parts.items()
        if part.get("cues")
    ]
    return [*told, f"Warnings: {len(warnings) or 'none'}.", *warnings]


def _document(path: Path, needed: tuple[str, ...]) -> tuple[Document | None, str | None]:
    try:
        content = path.read_bytes().decode("utf-8")
        found = json.loads(content)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise AnswersError(f"{path.name} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise AnswersError(f"{path.name} must be JSON in UTF-8, and is not.") from None
    missing = [name for name in needed if not isinstance(found, dict) or name not in found]
    if missing or not isinstance(found, dict):
        raise AnswersError(f"{path.name} is damaged: it must be an object with {missing or 'fields'}.")
    return found, plan.sha256(content)


def _moment(time: Any) -> str | None:
    return None if time != time else time.strftime("%Y-%m-%dT%H:%M:%SZ")
