"""The columns of the export files, and what each may hold."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("none", "beginner", "intermediate", "advanced", "expert")
CHOICES = ("a", "b", "both", "neither", "dont_know")
KINDS = ("pair", "preference", "rating", "open_rating", "comment", "practice", "attention")
LABELS = ("ai", "human")
ORIGINS = ("ai", "human")


@dataclass(frozen=True)
class Column:
    """What one column may hold.

    ``rule`` is text, word (one of ``allowed``), digits (a whole number kept as text, for seeds beyond 64
    bits), integer, number, time or boolean; ``low`` and ``high`` bound integers and numbers, both
    inclusive. A ``newer`` column may be absent from files of an older version.
    """

    name: str
    rule: str = "text"
    required: bool = False
    unique: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    newer: bool = False


PARTICIPANTS = (
    Column("study", required=True),
    Column("participant_id", required=True, unique=True),
    Column("started_at", "time"),
    Column("finished_at", "time"),
    Column("language"),
    Column("musician", "word", allowed=("yes", "no")),
    Column("level", "word", allowed=LEVELS),
    Column("excluded", "boolean"),
    Column("exclusion_reason"),
)
STIMULI = (
    Column("study", required=True),
    Column("stimulus_id", required=True, unique=True),
    Column("origin", "word", required=True, allowed=ORIGINS),
    Column("system"),
    Column("prompt_id"),
    Column("temperature", "number", low=0),
    Column("top_k", "integer", low=0),
    Column("top_p", "number", low=0, high=1),
    Column("no_repeat_ngram", "integer", low=0),
    Column("seed", "digits"),
    Column("checkpoint_sha256"),
    Column("title"),
    Column("composer"),
    Column("licence"),
    Column("duration_s", "number", low=0),
    Column("lufs", "number"),
    Column("audio_sha256"),
)
ANSWERS = (
    Column("study", required=True),
    Column("answer_id", required=True, unique=True),
    Column("participant_id", required=True),
    Column("section"),
    Column("trial_id"),
    Column("position", "integer", low=1),
    Column("kind", "word", required=True, allowed=KINDS),
    Column("condition"),
    Column("stimulus_a"),
    Column("stimulus_b"),
    Column("choice", "word", allowed=CHOICES),
    Column("rating", "integer", low=1, high=5),
    Column("said_ai", "boolean"),
    Column("recognised", "boolean"),
    Column("comment"),
    Column("plays_a", "integer", low=0),
    Column("plays_b", "integer", low=0),
    Column("response_ms", "number", low=0),
    Column("answered_at", "time"),
    Column("heard_a_s", "number", low=0, newer=True),
    Column("heard_b_s", "number", low=0, newer=True),
    Column("label", "word", allowed=LABELS, newer=True),
    Column("repeat_of", newer=True),
    Column("starts_a", "integer", low=0, newer=True),
    Column("starts_b", "integer", low=0, newer=True),
)
# Further scales of a rating stand in columns of their own, named after the scale.
SCALE = "s_"
# What an answer of each kind cannot do without.
NEEDED = {
    "pair": ("trial_id", "stimulus_a", "stimulus_b", "choice"),
    "rating": ("stimulus_a", "rating"),
    "open_rating": ("stimulus_a", "rating"),
    "preference": ("trial_id", "stimulus_a", "stimulus_b", "choice"),
    "comment": (),
    "practice": (),
    "attention": ("condition", "choice"),
}
# How a value of each rule is written, and how a message calls it.
PATTERNS = {
    "digits": (r"-?[0-9]{1,40}", "a whole number"),
    "integer": (r"-?[0-9]{1,15}", "a whole number"),
    "number": (r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", "a number"),
    "time": (
        r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]{1,9})?(Z|\+00:00)?",
        "a time in UTC such as 2025-03-01T12:00:00Z",
    ),
    "boolean": (r"true|false", "true or false"),
}
