"""The HTML of what is said of a take's merits: its verdict, and how much of it is borrowed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from model.judging import Verdict
from model.originality import GRAM, WINDOW, Copied, copied, repeated
from model.score import cut_bars
from model.view import counted

if TYPE_CHECKING:
    from model.generator import Take


def merits(made: Take) -> str:
    """The verdict on a take and the longest runs that it shares with other music, folded away."""
    judged = verdict(made.verdict) if made.verdict else ""
    of = f"The best of {len(made.rejected) + 1}. " if made.rejected else ""
    lines = "".join(f"<li>{escape(line)}</li>" for line in borrowed(made))
    total = f" · {grade(made.verdict)} of 100" if made.verdict else ""
    return (f'<details class="merits"><summary>How it compares{total}</summary>'
            + (f'<p>{of}Each line says how usual it is in music that people wrote.</p>' if judged else "")
            + f'{judged}<ul class="borrowed">{lines}</ul></details>')


def verdict(found: Verdict) -> str:
    """A line for each score: its name, a meter, its number, its reason."""
    rows = "".join(
        f'<li><span class="name">{escape(name.capitalize())}</span>'
        f'<span class="meter" aria-hidden="true"><i style="width:{100 * score:.0f}%"></i></span>'
        f'<span class="score">{100 * score:.0f}</span>'
        f'<span class="reason">{escape(found.reasons.get(name, ""))}</span></li>'
        for name, score in found.scores.items())
    return f'<ul class="verdict">{rows}</ul>'


def grade(found: Verdict) -> str:
    """A verdict's total, 0 to 100."""
    return f"{100 * found.total:.0f}"


def borrowed(made: Take) -> Sequence[str]:
    """What of a take's new bars stands in the training music, and in its prompt, in plain words."""
    last = made.seam_bar + max(made.settings.bars, 1)
    new = cut_bars(made.score, made.seam_bar, last)
    known = copied(new)
    lines = [_run("training music", known, made.seam_bar) if known.notes else
             f"No run of {GRAM + WINDOW} notes or more stands in the training music, in any key."]
    if made.seam_bar:
        again = repeated(cut_bars(made.score, 0, made.seam_bar), new)
        lines.append(_run("prompt", again, made.seam_bar) if again.notes else
                     "It repeats no notes of the prompt's melodies.")
    return lines


def _run(whose: str, found: Copied, seam_bar: int) -> str:
    first, last = (bar + seam_bar + 1 for bar in found.bars or (0, 0))
    where = f"in bar {first}" if first == last else f"in bars {first} to {last}"
    return f"The longest run shared with the {whose}, in any key: {counted(found.notes, 'note')}, {where}."
