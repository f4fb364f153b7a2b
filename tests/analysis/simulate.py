"""Simulated listeners: export files of a made-up study, for tests. No answer here was given by a person.

The design is that of the published evaluation: 5 pairs (the AI at A, A, B, both, neither), 10 blind ratings
over ten settings, 3 open ratings. Every listener hears the evidence of a clip with unit noise, AI clips
shifted by ``d_prime``.
"""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np

from tests.columns import ANSWERS, PARTICIPANTS, STIMULI

SETTINGS = [
    (0.7, 12, 4),
    (0.7, 12, 10),
    (0.3, 8, 4),
    (0.3, 8, 8),
    (0.5, 15, 6),
    (0.9, 30, 12),
    (0.9, 30, 2),
    (0.1, 5, 2),
    (0.1, 5, 10),
    (1.1, 50, 6),
]
TRUTHS = ["a", "a", "b", "both", "neither"]
CONDITIONS = {"a": "ai_a", "b": "ai_b", "both": "both_ai", "neither": "both_human"}
COMMENTS = [
    "The left hand never changes.",
    "A little off beat near the end",
    "Lovely ending!",
    "Too chaotic for me.",
    "<script>document.title='broken'</script> & \"quotes\"",
    "=1+1 is not a formula",
    "Zwei Zeilen,\nein Satz.",
    "It felt unnatural, like two pieces at once.",
]
Row = dict[str, object]


def simulated_study(
    listeners: int, d_prime: float, seed: int, study: str = "simulated-published", excluded: int = 0
) -> dict[str, list[Row]]:
    """Rows of the three files by file name; ``excluded`` of the listeners are marked as excluded."""
    rng = np.random.default_rng(seed)
    stimuli, ids = _stimuli(study)
    participants, answers = [], []
    for number in range(listeners):
        person, finished = f"p{number:04d}", rng.random() < 0.9
        musician = rng.random() < 0.6
        participants.append(
            {
                "study": study,
                "participant_id": person,
                "started_at": f"2025-03-{1 + number % 27:02d}T10:00:00Z",
                "finished_at": f"2025-03-{1 + number % 27:02d}T10:14:30Z" if finished else "",
                "language": "en",
                "musician": "yes" if musician else "no",
                "level": str(
                    rng.choice(
                        ["none", "beginner", "intermediate", "advanced", "expert"],
                        p=[0.05, 0.3, 0.35, 0.2, 0.1],
                    )
                )
                if musician
                else "",
                "excluded": "true" if number < excluded else "false",
                "exclusion_reason": "failed the sound check" if number < excluded else "",
                "q_age": "30-39",
            }
        )
        listener = _listener(rng, d_prime * (1.3 if musician else 0.7), ids, finished)
        for position, answer in enumerate(listener, 1):
            answers.append(
                {
                    "study": study,
                    "answer_id": f"{person}-{position}",
                    "participant_id": person,
                    "position": position,
                    "plays_a": int(rng.integers(1, 4)),
                    "response_ms": int(rng.integers(8000, 60000)),
                    "answered_at": f"2025-03-{1 + number % 27:02d}T10:{position % 60:02d}:00Z",
                    **answer,
                }
            )
    return {"participants.csv": participants, "stimuli.csv": stimuli, "answers.csv": answers}


def write(tables: dict[str, list[Row]], folder: Path) -> Path:
    """Write the rows as the export does, formula prefixes included."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in (
        ("participants.csv", [*PARTICIPANTS, "q_age"]),
        ("stimuli.csv", STIMULI),
        ("answers.csv", ANSWERS),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            further = dict.fromkeys(key for row in tables[name] for key in row if key not in columns)
            writer = csv.DictWriter(file, [*columns, *further], restval="")
            writer.writeheader()
            for row in tables[name]:
                writer.writerow({key: _guarded(value) for key, value in row.items()})
    (folder / "codebook.md").write_text("# Codebook\n\nSimulated.\n", encoding="utf-8")
    return folder


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and re.match(r"'*[=+\-@\t\r]", value) else value


def _stimuli(study: str) -> tuple[list[Row], dict[str, list]]:
    rows: list[Row] = []

    def add(origin: str, setting: tuple = (), title: str = "") -> str:
        identity = f"s{len(rows):03d}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        row: Row = {
            "study": study,
            "stimulus_id": identity,
            "origin": origin,
            "title": title,
            "duration_s": 30.0,
            "lufs": -20.0,
            "audio_sha256": digest,
        }
        if origin == "ai":
            row |= {
                "system": "remi-transformer",
                "temperature": setting[0],
                "top_k": setting[1],
                "top_p": 1.0,
                "no_repeat_ngram": setting[2],
                "seed": len(rows),
                "checkpoint_sha256": digest,
            }
        else:
            row |= {"composer": "J. S. Bach", "licence": "public domain"}
        rows.append(row)
        return identity

    balanced = SETTINGS[4]
    sides = {"a": ("ai", "human"), "b": ("human", "ai"), "both": ("ai", "ai"), "neither": ("human", "human")}
    pairs = [
        tuple(add(origin, balanced, "Chorale" if origin == "human" else "") for origin in sides[truth])
        for truth in TRUTHS
    ]
    ratings = [add("ai", setting) for setting in SETTINGS]
    return rows, {
        "pairs": pairs,
        "ratings": ratings,
        "open": [add("ai", balanced, title) for title in ("Nocturne", "March", "Waltz")],
    }


def _listener(rng: np.random.Generator, d_prime: float, ids: dict[str, list], finished: bool) -> list[Row]:
    answers: list[Row] = []
    for number in rng.permutation(len(TRUTHS)):
        truth, clips = TRUTHS[number], ids["pairs"][number]
        ai = np.array([truth in ("a", "both"), truth in ("b", "both")])
        yes = rng.normal(size=2) + d_prime * (ai - 0.5) > 0
        choice = {(True, False): "a", (False, True): "b", (True, True): "both", (False, False): "neither"}[
            tuple(yes)
        ]
        answers.append(
            {
                "section": "pairs",
                "trial_id": f"pair-{number + 1}",
                "kind": "pair",
                "condition": CONDITIONS[truth],
                "stimulus_a": clips[0],
                "stimulus_b": clips[1],
                "choice": "dont_know" if rng.random() < 0.1 else choice,
                "plays_b": 1,
                "recognised": "true" if rng.random() < 0.05 else "false",
                "comment": str(rng.choice(COMMENTS)) if rng.random() < 0.15 else "",
            }
        )
    if not finished:
        return answers[:3]
    taste = rng.normal(scale=0.5)
    for number in rng.permutation(len(SETTINGS)):
        temperature, _, ngram = SETTINGS[number]
        mean = 3.6 - 2.5 * (temperature - 0.55) ** 2 - (0.7 if ngram <= 2 else 0) + taste
        rating = int(np.clip(round(mean + rng.normal(scale=0.9)), 1, 5))
        answers.append(
            {
                "section": "ratings",
                "trial_id": f"rating-{number + 1}",
                "kind": "rating",
                "stimulus_a": ids["ratings"][number],
                "rating": rating,
                "said_ai": "true" if rng.random() < 0.85 - 0.12 * rating else "false",
            }
        )
    for number, clip in enumerate(ids["open"]):
        answers.append(
            {
                "section": "open",
                "trial_id": f"open-{number + 1}",
                "kind": "open_rating",
                "stimulus_a": clip,
                "rating": int(np.clip(round(3.2 + 0.3 * number + taste + rng.normal(scale=0.9)), 1, 5)),
            }
        )
    if rng.random() < 0.5:
        answers.append({"section": "ratings", "kind": "comment", "comment": str(rng.choice(COMMENTS))})
    return answers
