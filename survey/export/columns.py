"""The columns of the export files: names, kinds, allowed values, and what the codebook says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from survey.study import CHOICES, LEVELS

Kind = Literal["text", "integer", "number", "boolean", "time"]
KINDS: dict[Kind, str] = {
    "text": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
    "time": "time, ISO 8601 in UTC",
}


@dataclass(frozen=True)
class Column:
    """One column. `values` lists what a text may be, if that is fixed; `required` cells are never empty; a
    `newer` column is missing in files of an older version."""

    name: str
    kind: Kind
    meaning: str
    values: tuple[str, ...] = ()
    required: bool = False
    low: int | None = None
    high: int | None = None
    newer: bool = False


_STUDY = Column("study", "text", "Slug of the study.", required=True)

PARTICIPANTS = (
    _STUDY,
    Column("participant_id", "text", "Random name of the participant.", required=True),
    Column("started_at", "time", "When they agreed to take part."),
    Column("finished_at", "time", "When they gave the last answer; empty if they stopped before."),
    Column("language", "text", "Language in which they read the study (BCP 47)."),
    Column("musician", "text", "Whether they play an instrument, sing or make music.", values=("yes", "no")),
    Column("level", "text", "Level of musical experience, in their own judgement.", values=LEVELS),
    Column("excluded", "boolean", "Whether the participant is left out of the analysis."),
    Column("exclusion_reason", "text", "Why they are left out."),
)

STIMULI = (
    _STUDY,
    Column("stimulus_id", "text", "Name of the clip within the study.", required=True),
    Column("origin", "text", "Who made the music.", values=("ai", "human")),
    Column("system", "text", "The system that made it; empty for human clips, like all its settings."),
    Column("prompt_id", "text", "The piece that the clip continues."),
    Column("temperature", "number", "Divides the logits before sampling."),
    Column("top_k", "integer", "Only the k most likely tokens are sampled; 0: all."),
    Column("top_p", "number", "Only the most likely tokens that together reach this probability; 1: all."),
    Column("no_repeat_ngram", "integer", "No sequence of so many tokens occurs twice; 0: no such rule."),
    Column("seed", "integer", "Seed of the sampling."),
    Column("checkpoint_sha256", "text", "SHA-256 of the network's weights."),
    Column("title", "text", "Title of the piece that the clip continues."),
    Column("composer", "text", "Its composer."),
    Column("licence", "text", "Its licence."),
    Column("duration_s", "number", "Length of the clip in seconds."),
    Column("lufs", "number", "Integrated loudness in LUFS (ITU-R BS.1770)."),
    Column("audio_sha256", "text", "SHA-256 of the audio file."),
)

ANSWERS = (
    _STUDY,
    Column("answer_id", "text", "Name of the answer.", required=True),
    Column("participant_id", "text", "Who gave it; see participants.csv.", required=True),
    Column("section", "text", "Section of the study."),
    Column("trial_id", "text", "The trial: the same for everybody, whatever its side and position."),
    Column("position", "integer", "Position within the section as heard, from 1."),
    Column("kind", "text", "What was asked.", required=True,
           values=("pair", "preference", "rating", "open_rating", "comment", "practice", "attention")),
    Column("condition", "text", "Pairs: ai_a, ai_b, both_ai or both_human, by side as heard; preferences: "
                                "prefer; ratings: blind, or label_true or label_false if they were told who "
                                "made the clip; open ratings: known_ai; attention checks: expect_ and the "
                                "choice that they were told to make."),
    Column("stimulus_a", "text", "The clip heard as A, or the one clip of a rating; see stimuli.csv."),
    Column("stimulus_b", "text", "The clip heard as B."),
    Column("choice", "text", "The clip or clips of a pair that they think were made by AI; preferences: that "
                             "they prefer.", values=CHOICES),
    Column("rating", "integer", "Rating, from 1 (worst) to 5 (best).", low=1, high=5),
    Column("said_ai", "boolean", "Whether they think that the rated clip was made by AI."),
    Column("recognised", "boolean", "Whether they know the piece, or one piece of the pair."),
    Column("comment", "text", "What they wrote."),
    Column("plays_a", "integer", "How often clip A was played, at least half of it each time.", low=0),
    Column("plays_b", "integer", "How often clip B was played, at least half of it each time.", low=0),
    Column("response_ms", "integer", "Milliseconds from the page to the answer.", low=0),
    Column("answered_at", "time", "When the answer was stored."),
    Column("heard_a_s", "number", "Seconds for which clip A sounded, as far as the server can confirm.",
           low=0, newer=True),
    Column("heard_b_s", "number", "Seconds for which clip B sounded, as far as the server can confirm.",
           low=0, newer=True),
    Column("label", "text", "Who made the clip, as they were told, truly or not; empty: nothing was said.",
           values=("ai", "human"), newer=True),
    Column("repeat_of", "text", "The trial whose clips are heard here once more, sides swapped.", newer=True),
    Column("starts_a", "integer", "How often clip A was started from its beginning, whether or not it was "
                                  "played on; plays_a counts those of which half was heard.",
           low=0, newer=True),
    Column("starts_b", "integer", "How often clip B was started from its beginning; see starts_a.",
           low=0, newer=True),
)
# Columns that a study adds at the end of a file: their prefix by file.
FURTHER = {"participants.csv": "q_", "answers.csv": "s_"}
SCALE = Column("s_", "integer", "A further rating of the clip, from 1 to 5.", low=1, high=5)

FILES: dict[str, tuple[Column, ...]] = {
    "participants.csv": PARTICIPANTS, "stimuli.csv": STIMULI, "answers.csv": ANSWERS,
}


def codebook(slug: str, title: str, questions: dict[str, str | None], scales: dict[str, str | None]) -> str:
    """codebook.md: every column of every file, with the wording of the study's own questions and scales."""
    lines = [
        f"# Codebook of the study `{slug}`", "", _inline(title), "",
        "UTF-8 CSV (RFC 4180) with a header row. An empty cell is missing. Times are ISO 8601 in UTC, "
        "booleans are `true` or `false`. A text that begins with `=`, `+`, `-`, `@`, TAB or CR has a `'` in "
        "front, so that no spreadsheet runs it; so has a text that begins with such a `'`.",
    ]
    for file, columns in FILES.items():
        lines += ["", f"## {file}", "", "| column | kind | meaning |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {_kind(column)} | {column.meaning} |" for column in columns]
        if file == "participants.csv":
            lines += [f"| `q_{key}` | text or number | {_inline(text or 'A question of the study.')} |"
                      for key, text in questions.items() if key not in ("musician", "level")]
        if file == "answers.csv":
            lines += [f"| `s_{key}` | {_kind(SCALE)} | {_inline(f'{SCALE.meaning} {text or str()}')} |"
                      for key, text in scales.items()]
    return "\n".join(lines) + "\n"


def _kind(column: Column) -> str:
    return ", ".join(f"`{value}`" for value in column.values) or KINDS[column.kind]


def _inline(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
