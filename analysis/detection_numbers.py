"""d′ and the criterion as rows of the report's tables, each with the interval that it can bear. Pure."""

from __future__ import annotations

from analysis.detection import ONE_WAY, TWO_WAY
from analysis.rows import Row, number, people, span
from analysis.wording import Results

DETECTION_METHODS = {
    "bootstrap": f"{ONE_WAY}.",
    "two-way bootstrap": f"{TWO_WAY}.",
    "undefined": "d′ needs clips by AI and clips by people; here are only one or the other.",
}
SENSED = {ONE_WAY: "bootstrap", TWO_WAY: "two-way bootstrap"}
SAME = {"d_prime": "Sensitivity d′", "criterion": "Criterion c"}


def detected(suffix: str, part: Results, same_items: bool = False) -> list[Row]:
    """The two numbers of ``detection.sensitivity``; also with intervals about the very same items."""
    n = f"{part['n_judgements']} judgements, {people(part)}"
    if part["d_prime"] is None:
        return [Row(f"d′{suffix}", "–", "", n, "undefined")]
    shown = [(suffix, part, f"{n}, {part['n_items']} items")]
    if same_items and part["method"] != ONE_WAY:
        shown.append((f"{suffix}, these items alone", part["same_items"], n))
    return [
        Row(
            f"{words}{ending}",
            number(part[name]),
            span(source["ci95" if name == "d_prime" else "criterion_ci95"]) or "–",
            counted,
            SENSED[source["method"]],
        )
        for ending, source, counted in shown
        for name, words in SAME.items()
    ]
