"""The HTML of takes: a ticket to choose each by, and the leaf on which the chosen one is heard and judged.

Pure functions, as in view.py. What a visitor does with a take (star, name, remove) is the browser's alone
(static/takes.js), which finds in a take's data attributes what it must remember. A take that is hung up again
with more in it keeps its player; what stands in a ``data-slot`` is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from model.merits_view import grade, merits, verdict
from model.picture import THUMB_WIDTH, picture, thumbnail
from model.score import Score, count_bars
from model.view import counted, note, player

if TYPE_CHECKING:
    from model.generator import Take
    from model.settings import Settings

_FAULTS = {"empty": "falls silent for more than four bars",
           "stuck": "plays one bar more than eight times in a row"}
_AGAIN = "The first attempt fell silent or got stuck. The take is being made once more, from the seam on."
_TOOLS = (("star", "Star", ' aria-pressed="false"'), ("rename", "Rename", ""), ("link", "Copy link", ""),
          ("remove", "Remove", ""))


def no_takes() -> str:
    """Where takes are hung up; static/takes.js brings it to life."""
    return ('<segue-takes><div class="attempts" hidden></div><p class="note unkept" hidden>This browser '
            'keeps no record of your takes: they are here until you leave this page.</p><div id="runs">'
            '<p class="empty">Press Continue, and the first take appears here.</p></div>'
            '<p class="undo" role="status"></p></segue-takes>')


def run(id: str, title: str, takes: Iterable[str], over: bool = False) -> str:
    """The takes of one click on Continue.

    id: tells the page which ones it has hung up already, and what to ask for after a reload. over: all are
    there, or it is no longer known.
    """
    title, over = escape(title), " data-over" if over else ""
    return (f'<section class="run" data-run="{escape(id)}" data-title="{title}"{over}>'
            f'<h3>{title}<span class="whence"></span></h3><ol class="takes">{"".join(takes)}</ol></section>')


def take(made: Take, token: str, new_bars: int, *, link: str = "", parent: tuple[str, int] = ("", 0),
         again: str = "", said: Iterable[str] = (), rejected: Sequence[str] = (),
         **marks: object) -> str:
    """One finished take.

    link: what reopens it. parent: token and bar of the take that it continues. again: the token that a link
    had for it before it was made anew. said: what is to be told of it. rejected: tokens of made.rejected.
    marks: further ones of its player.
    """
    facts = [counted(new_bars, "bar"), counted(made.notes, "note")]
    about = [f"after {counted(made.seam_bar, 'bar')}" if made.seam_bar else "from nothing",
             counted(new_bars, "new bar"), counted(made.notes, "new note"),
             f"made in {made.elapsed_s:.0f}\N{NO-BREAK SPACE}s"]
    name = f"Take {made.index + 1}"
    links = "".join(f'<a href="/takes/{token}/take.{kind}?download=true" download>'
                    f'<span class="unseen">Download {name} as </span>{label}</a>'
                    for kind, label in (("mid", "MIDI"), ("mp3", "MP3"), ("wav", "WAV")))
    last = max(count_bars(made.score), 1)
    after = (f'<form class="onwards"><label>Continue after bar <input type="number" name="bar" min="1" '
             f'max="{last}" value="{last}"></label>'
             f'<button type="submit">Continue from here</button></form>'
             f'<footer><p class="settings">{settings(made.settings)}</p>'
             f'<p class="downloads">{links}</p></footer>'
             f'{merits(made)}{not_chosen(made, rejected)}'
             f'<details><summary>How it was made</summary><p>{provenance(made)}</p></details>')
    data = {"link": link, "parent": parent[0], "bar": parent[1], "again": again, "seam": made.seam_bar,
            "bars": made.seam_bar + new_bars}
    return _item(made.index + 1, token, data, miniature(made.score, made.seam_s), " · ".join(facts),
                 " · ".join(about), "".join(note(sentence, wrong=False) for sentence in said),
                 player(token, name, seam=round(made.seam_s, 4) or None, choose_bar=True, **marks), after)


def not_chosen(made: Take, tokens: Sequence[str]) -> str:
    """The candidates that a take was preferred to, each to be heard and with the reasons; folded, and without
    life until they are unfolded (static/takes.js)."""
    if not tokens:
        return ""
    items = ""
    for other, token in zip(made.rejected, tokens, strict=True):
        faults = "".join(f" · {_FAULTS.get(fault, fault)}" for fault in other.faults)
        items += (f'<li><h5>Seed {other.settings.seed}</h5><p>{grade(other.verdict)} of 100, where the take '
                  f'has {grade(made.verdict)} · {counted(other.notes, "new note")}{escape(faults)}</p>'
                  + player(token, f"Candidate {other.settings.seed}", seam=round(other.seam_s, 4) or None)
                  + verdict(other.verdict) + '</li>')
    count = f"{len(tokens)} that {'was' if len(tokens) == 1 else 'were'} not chosen"
    return (f'<details class="rejected"><summary>{count}</summary><template><ol>{items}</ol></template>'
            '</details>')


def growing(index: int, token: str, score: Score, seam_s: float, seam_bar: int, bars: int,
            sound: str, again: bool = False) -> str:
    """A take of which so many new bars are there. sound: its player. again: this is the second attempt."""
    facts = f"{counted(bars, 'new bar')} so far" if bars else "about to begin"
    return _item(index + 1, token, {"growing": "true", "seam": seam_bar}, miniature(score, seam_s), facts,
                 f"after {counted(seam_bar, 'bar')} · {facts}" if seam_bar else facts,
                 note(_AGAIN, wrong=False) if again else "", sound, "")


def offer(sentence: str, system: str) -> str:
    """Why a link's take cannot be made again, and what can be had instead."""
    return note(sentence) + ('<button type="button" class="offer" data-do="anyway">Hear its prompt, '
                             f'continued by {escape(system)}</button>')


def _item(number: int, token: str, data: dict[str, object], picture: str, facts: str, about: str,
          remarks: str, sound: str, after: str) -> str:
    kept = "".join(f' data-{name}="{escape(str(value))}"' for name, value in data.items() if value)
    tools = "".join(f'<button type="button" data-do="{name}"{more}>{label}</button>'
                    for name, label, more in _TOOLS)
    return (f'<li class="take" data-take="{number}" data-token="{token}"{kept}>'
            f'<label class="ticket"><input type="radio" name="take" value="{token}">'
            f'<span class="mini" data-slot="mini">{picture}</span>'
            f'<span class="title"><span class="called">Take {number}</span>'
            f'<span class="starred"></span></span>'
            f'<span class="facts" data-slot="facts">{escape(facts)}</span>'
            f'<kbd aria-hidden="true">{number}</kbd></label>'
            f'<div class="leaf"><header><h4 class="called">Take {number}</h4>'
            f'<p data-slot="about">{escape(about)}</p><p class="tools">{tools}</p></header>'
            f'<div data-slot="remarks">{remarks}</div>{sound}<div data-slot="after">{after}</div></div></li>')


def miniature(score: Score, seam_s: float) -> str:
    """A picture of the whole music in which the seam stands out, to be judged before it is heard."""
    music = picture(score)
    seam = 100 * (2 + seam_s / max(music["duration"], 0.1) * (THUMB_WIDTH - 4)) / THUMB_WIDTH
    return thumbnail(music) + (f'<span class="seam" style="left:{seam:.1f}%"></span>' if seam_s else "")


def remarks(made: Take, stopped: str = "") -> list[str]:
    """What an honest host says about a take: second attempts, faults, an early end.

    stopped: why, if it was.
    """
    said = []
    faults = " and ".join(_FAULTS.get(fault, f"is {fault}") for fault in made.faults)
    seed = made.settings.seed
    if made.retried and faults:
        said.append(f"Two attempts went wrong. This second one, with seed {seed}, {faults}.")
    elif made.retried:
        said.append(f"The first attempt fell silent or got stuck, so it was made again with seed {seed}.")
    elif faults:
        said.append(f"This take {faults}.")
    if not made.complete:
        said.append(stopped or "So many notes came that the room for this take was full before its end.")
    return said


def settings(used: Settings) -> str:
    parts = [f"temperature {used.temperature:g}", f"top-k {used.top_k or 'off'}",
             f"top-p {used.top_p:g}", f"no-repeat {used.no_repeat_ngram or 'off'}"]
    if used.guidance:
        parts.append(f"guidance {used.guidance:g}")
    if used.style:
        parts.append(used.style)
    if used.density:
        parts.append(f"{used.density} notes a bar")
    if used.best_of > 1:
        parts.append(f"best of {used.best_of}")
    if used.ending:
        parts.append("ends the piece")
    if not used.keep_instruments:
        parts.append("any instrument")
    return f'{" · ".join(parts)} · <strong>seed {used.seed}</strong>' + (" · whistle" if used.whistle else "")


def provenance(made: Take) -> str:
    return (f'System {escape(made.system)}, checkpoint <code>{escape(made.checkpoint_sha256[:12])}</code>, '
            f'{made.tokens:,} tokens. The same prompt, settings and seed give the same notes again.')
