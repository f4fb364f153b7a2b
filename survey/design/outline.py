"""A study's design as one JSON document, for whoever plans with it and may not know this package. Pure.

    {"study": slug, "definition": the study file, "definition_sha256": of the file's JSON as it is stored,
     "clips": {clip: "ai" | "human"},
     "participants": [[{"section", "trial_id", "kind", "condition", "stimulus_a", "stimulus_b",
                        "repeat_of"}]]}

`participants` holds the trials of the first so many, in the order in which they meet them. `kind` is that of
answers.csv.
"""

from __future__ import annotations

import hashlib
import json

from survey import design
from survey.study import Study

_KINDS = {"practice_pair": "practice", "practice_rating": "practice"}


def outline(study: Study, participants: int = 200) -> dict[str, object]:
    """The document for so many participants."""
    return {
        "study": study.slug,
        "definition": json.loads(study.model_dump_json()),
        "definition_sha256": sha256(study),
        "clips": {clip.id: clip.origin for clip in design.clips(study)},
        "participants": [_trials(study, ordinal) for ordinal in range(participants)],
    }


def sha256(study: Study) -> str:
    """SHA-256 of a study file's JSON as it is stored and exported (study.json), in hexadecimal."""
    return hashlib.sha256(study.model_dump_json().encode()).hexdigest()


def _trials(study: Study, ordinal: int) -> list[dict[str, object]]:
    return [
        {"section": step.section, "trial_id": step.trial_id, "kind": _KINDS.get(step.kind, step.kind),
         "condition": step.condition, **dict(zip(("stimulus_a", "stimulus_b"), (*step.clips, None, None),
                                                 strict=False)),
         "repeat_of": step.repeat_of}
        for step in design.steps(study, ordinal) if step.trial_id is not None]
