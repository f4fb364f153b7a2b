"""What visitors of the Compose page guessed in blind duels: numbers, a figure, words and a table. Pure.

Rows are answered duels, one a mapping, with at least visitor, guess ('a', 'b' or 'unsure'), machine_side,
recognised, system, checkpoint_sha256, title and composer. Visitors choose themselves, may play as often as
they like and are told after every guess: what they show is no study's result, and no study's answers are
here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from analysis.clustered import clustered_share
from analysis.drawing import ACCENT, FAINT, NEUTRAL, Canvas
from analysis.wording import percent

Row = Mapping[str, Any]
NOT_A_STUDY = ("Visitors who chose to play, as often as they liked, and were told after every guess. This is "
               "no study: it is shown apart from studies and never mixed with their answers.")
METHOD = "Intervals on the logit scale with the visitor as the unit (Liang & Zeger 1986)"
MOST_PIECES = 12                    # in the figure; the table has all
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def numbers(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts, and shares of right guesses among decided ones, with intervals (see analysis.clustered).

    {"n", "visitors", "unsure", "overall": share, "unfamiliar": share without recognised pieces, "by_system":
    {name: share}, "by_piece": {name: share}}; share: {"n", "visitors", "right", "share", "ci95"}.
    """
    decided = [row for row in rows if row["guess"] != "unsure"]
    return {
        "n": len(rows),
        "visitors": len({row["visitor"] for row in rows}),
        "unsure": len(rows) - len(decided),
        "overall": _share(decided),
        "unfamiliar": _share([row for row in decided if not row["recognised"]]),
        "by_system": _by(decided, lambda row: f"{row['system']} · {row['checkpoint_sha256'][:8]}"),
        "by_piece": _by(decided, lambda row: f"{row['title']} · {row['composer']}"),
        "method": METHOD,
    }


def _by(rows: Sequence[Row], name: Callable[[Row], str]) -> dict[str, dict[str, Any]]:
    """The share of every group, the largest first."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    order = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    return {key: _share(group) for key, group in order}


def _share(rows: Sequence[Row]) -> dict[str, Any]:
    found = clustered_share([row["guess"] == row["machine_side"] for row in rows],
                            [row["visitor"] for row in rows])
    return {"n": found.n, "visitors": found.people, "right": found.correct, "share": found.share,
            "ci95": found.interval()}


def figure(found: Mapping[str, Any]) -> go.Figure | None:
    """Shares of right guesses with their intervals against a coin's; None where nobody has decided."""
    parts = {"All guesses": found["overall"], "The piece was not known": found["unfamiliar"],
             **found["by_system"], **dict(list(found["by_piece"].items())[:MOST_PIECES])}
    parts = {name: part for name, part in parts.items() if part["n"]}
    if not parts:
        return None
    canvas = Canvas(len(parts) * 46 + 40, (-0.02, 1.02), (-len(parts) + 0.5, 0.7), bottom=30)
    for row, (name, part) in enumerate(parts.items()):
        colour = ACCENT if row == 0 else NEUTRAL
        canvas.label(-row, name, f"{part['right']} of {part['n']}")
        canvas.line([0, 1], [-row, -row], FAINT, 1)
        canvas.line([0.5, 0.5], [-row - 0.2, -row + 0.2], NEUTRAL, 1.5, "3px,3px")
        said = f"{name}: {percent(part['share'])}"
        if part["ci95"]:
            low, high = part["ci95"]
            canvas.line([low, high], [-row, -row], colour, 4 if row == 0 else 3)
            said += f", 95% interval {percent(low)} to {percent(high)}"
        canvas.point(part["share"], -row, colour, 12 if row == 0 else 9, said)
    canvas.scale({0: "0%", 0.5: "50%: a coin", 1: "100%"}, ("left", "right"))
    return canvas.figure()


def words(found: Mapping[str, Any]) -> str:
    """The numbers as HTML: what they are, one sentence, and a table of all shares."""
    label = f'<p class="hint">{NOT_A_STUDY}</p>'
    if not found["n"]:
        return f'{label}<p class="hint">Nobody has played a duel yet.</p>'
    who = (f"{found['n']:,} {'answer' if found['n'] == 1 else 'answers'} of {_people(found['visitors'])}; "
           f"{found['unsure']:,} could not tell.")
    return f'{label}<p class="headline">{headline(found)}</p><p class="hint">{who}</p>{_table(found)}'


def headline(found: Mapping[str, Any]) -> str:
    """In 14 of 20 decided duels (70%) ..."""
    part = found["overall"]
    if not part["n"]:
        return "No visitor has decided yet."
    interval = (f", 95% interval {percent(part['ci95'][0])} to {percent(part['ci95'][1])}" if part["ci95"]
                else "; too few visitors for an interval")
    return (f"In {part['right']:,} of {part['n']:,} decided duels visitors found the machine "
            f"({percent(part['share'])}{interval}).")


def _table(found: Mapping[str, Any]) -> str:
    groups = (("", {"All guesses": found["overall"], "The piece was not known": found["unfamiliar"]}),
              ("System and checkpoint", found["by_system"]), ("Piece", found["by_piece"]))
    rows = "".join(
        (f'<tr><th scope="colgroup" colspan="4">{title}</th></tr>' if title else "")
        + "".join(f'<tr><th scope="row">{escape(name)}</th><td>{part["right"]} of {part["n"]}</td>'
                  f"<td>{percent(part['share'])}</td><td>{_interval(part)}</td></tr>"
                  for name, part in group.items() if part["n"])
        for title, group in groups)
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Which", "Right", "Share", "95% interval"))
    return ('<details><summary>All numbers as a table</summary><table class="cues duels"><caption>Right '
            f'guesses among decided ones. {escape(found["method"])}.</caption><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></details>")


def _interval(part: Mapping[str, Any]) -> str:
    return f"{percent(part['ci95'][0])} to {percent(part['ci95'][1])}" if part["ci95"] else "–"


def _people(number: int) -> str:
    return f"{number:,} {'visitor' if number == 1 else 'visitors'}"


def table(rows: Sequence[Row]) -> str:
    """All rows with all that is known of them, as CSV (RFC 4180). Text that a spreadsheet would take for a
    formula has a ' before it."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
