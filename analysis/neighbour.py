"""What the analysis asks of the survey: by its command line, as a person would; it knows none of its code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PARTS = ("study", "definition", "definition_sha256", "clips", "participants")


class NeighbourError(ValueError):
    """The survey refuses, or a design file is none; the message is one sentence."""


def design(study: str, participants: int) -> Mapping[str, Any]:
    """The design of a study: of a file that ``python -m survey design`` wrote, else of what it says now.

    ``study`` is a .json file, or whatever names a study to the survey.
    """
    if Path(study).suffix == ".json":
        try:
            text = Path(study).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NeighbourError(f"{study} cannot be read as text ({error}).") from error
    else:
        text = _ask("design", study, "--participants", str(participants))
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or any(part not in found for part in PARTS):
        raise NeighbourError(f"{study} is no design; write one with `python -m survey design`.")
    return found


def freeze(study: str, content: str) -> None:
    """Has the survey keep a plan with its study."""
    with tempfile.TemporaryDirectory(prefix="segue-plan-") as folder:
        path = Path(folder) / "plan.json"
        path.write_text(content, encoding="utf-8", newline="\n")
        _ask("freeze", study, str(path))


def _ask(*arguments: str) -> str:
    """What ``python -m survey`` prints; its own sentence where it refuses."""
    house = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": str(house)}
    done = subprocess.run(
        [sys.executable, "-m", "survey", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["The survey gave no reason."]
        raise NeighbourError(lines[-1])
    return done.stdout
