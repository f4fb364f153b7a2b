"""Many tests at once: Holm's correction within a stated family, and how many tests there were. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

HOLM = "Holm"


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values in the given order; a test that could not be made (None) does not count.

    max over the smaller ones of (m − rank + 1) · p, at most 1. Holm (1979), Scandinavian Journal of
    Statistics 6:65. It keeps the chance of any false finding in the family at the level, whatever the
    tests' dependence.

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    made = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(made):
        largest = max(largest, min(1.0, (len(made) - rank) * p))
        adjusted[place] = largest
    return adjusted


def corrected(family: str, tests: Sequence[dict[str, Any]]) -> None:
    """Write ``family`` and ``p_holm`` into each test, a part of the results that has a ``p_value``."""
    for test, p in zip(tests, holm([test["p_value"] for test in tests]), strict=True):
        test["family"], test["p_holm"] = family, p


def counted(results: Any) -> dict[str, Any]:
    """Every p-value in ``results``: how many in each family, and how many stand alone, uncorrected."""
    families: dict[str, int] = {}
    alone = 0
    for test in _tests(results):
        if "family" in test:
            families[test["family"]] = families.get(test["family"], 0) + 1
        else:
            alone += 1
    return {
        "n": sum(families.values()) + alone,
        "families": {name: {"n": n, "correction": HOLM} for name, n in sorted(families.items())},
        "uncorrected": alone,
    }


def _tests(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("p_value") is not None:
            yield part
        for item in part.values():
            yield from _tests(item)
    elif isinstance(part, list):
        for item in part:
            yield from _tests(item)
