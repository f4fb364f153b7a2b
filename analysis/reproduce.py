"""Computes every number of results.json again, from the files in data/, and says which differ.

Stands in the bundle of a study beside data/, results.json and code/:

    pip install -r requirements.txt
    python reproduce.py

Exit code 0: all numbers are the same (up to rounding in the last places). 1: some are not.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOLERANCE = 1e-6  # relative; other processors and libraries round otherwise in the last places


def differences(kept: Any, found: Any, where: str = "results") -> Iterator[str]:
    """One line for every place in which two contents of results.json differ."""
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in [*kept, *(key for key in found if key not in kept)]:
            yield from differences(kept.get(key), found.get(key), f"{where}.{key}")
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for number, (one, other) in enumerate(zip(kept, found, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif isinstance(kept, float) or isinstance(found, float):
        if not _close(kept, found):
            yield f"{where}: {kept} is kept, {found} was computed"
    elif kept != found:
        yield f"{where}: {kept} is kept, {found} was computed"


def _close(kept: Any, found: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (kept, found))
    return numbers and math.isclose(kept, found, rel_tol=TOLERANCE, abs_tol=1e-9)


def count(value: Any) -> int:
    """How many numbers there are in the content of results.json."""
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    if isinstance(value, list):
        return sum(map(count, value))
    return int(isinstance(value, int | float) and not isinstance(value, bool))


def main(folder: Path) -> int:
    """Compares in the folder of an unpacked bundle; the exit code."""
    sys.path.insert(0, str(folder / "code"))
    from analysis.report import analysed, as_json

    kept = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    found = json.loads(as_json(analysed(folder / "data", kept["bootstrap"]["seed"], kept["margin"])))
    differ = list(differences(kept, found))
    for line in differ:
        print(line)
    print(f"{count(kept):,} numbers compared: {len(differ) or 'none'} differ.")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
