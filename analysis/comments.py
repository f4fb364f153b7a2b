"""What listeners wrote: every comment as it was written, and how many name which theme. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.estimates import wilson
from analysis.themes import mentions, named, themes

COUNTED = "Words of a dictionary, negations taken back; listeners who name the theme, Wilson score interval"
SHOWN = ["section", "trial_id", "kind", "condition", "stimulus_a", "comment"]


def comment_results(
    answers: pd.DataFrame, participants: pd.DataFrame, stimuli: pd.DataFrame
) -> dict[str, Any]:
    """Every comment in the order of the file with its themes and its music's ``origin``, and the counts of
    themes.

    ``origin`` is ai or human where all clips of the answer are, both where a pair has one of each, none for
    a comment on a section.
    """
    told = answers["comment"].notna() & (answers["comment"].str.strip() != "")
    written = answers[told & (answers["kind"] != "practice")].reset_index(drop=True)
    language = written["participant_id"].map(participants.set_index("participant_id")["language"])
    found = [
        mentions(comment, None if pd.isna(spoken) else spoken)
        for comment, spoken in zip(written["comment"], language, strict=True)
    ]
    marked = written.assign(
        origin=_origins(written, stimuli),
        **{theme: [theme in named(mention) for mention in found] for theme in themes()},
    )
    rows = written[SHOWN].astype(object)
    texts = rows.where(rows.notna(), None).to_dict("records")
    for text, mention, origin in zip(texts, found, marked["origin"], strict=True):
        text |= {"origin": origin, "themes": named(mention)}
    return {
        "n": len(written),
        "n_participants": int(written["participant_id"].nunique()),
        "themes": {
            theme: {
                **_count(marked, theme),
                "negated": sum(any(m.theme == theme and m.negated for m in mention) for mention in found),
                "by_origin": _counts(marked, "origin", theme),
                "by_section": _counts(marked, "section", theme),
            }
            for theme in themes()
        },
        "texts": texts,
    }


def _origins(written: pd.DataFrame, stimuli: pd.DataFrame) -> list[str]:
    origin = stimuli.set_index("stimulus_id")["origin"]
    sides = (written[column].map(origin) for column in ("stimulus_a", "stimulus_b"))
    heard = [{name for name in pair if not pd.isna(name)} for pair in zip(*sides, strict=True)]
    return [("none", *names)[-1] if len(names) < 2 else "both" for names in heard]


def _counts(marked: pd.DataFrame, column: str, theme: str) -> dict[str, dict[str, Any]]:
    return {str(name): _count(group, theme) for name, group in marked.groupby(column, sort=True)}


def _count(marked: pd.DataFrame, theme: str) -> dict[str, Any]:
    """Comments and listeners that name the theme, of all that wrote."""
    people = marked.groupby("participant_id")[theme].any()
    said, of = int(people.sum()), len(people)
    return {
        "n": int(marked[theme].sum()),
        "of": len(marked),
        "n_participants": said,
        "of_participants": of,
        "share": said / of if of else None,
        "ci95": wilson(said, of),
        "method": COUNTED,
    }
