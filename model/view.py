"""The HTML of the Compose page: pure functions from music and progress to fragments. No Gradio, no state.

Everything that comes from a file or a visitor is escaped here.
"""

import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from model.catalogue import Card, Prompt

if TYPE_CHECKING:
    from model.generator import Progress
    from model.settings import Settings

STATIC = Path(__file__).parent.parent / "static"
PAGES = (("/", "Compose"), ("/study/default", "Listening test"), ("/research", "Research"))
FIRST = 12                  # cards in view at first: three rows of four


def head(*names: str) -> str:
    """Tags for style sheets and modules of static/, under URLs that change with their content."""
    tags = '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
    for name in names:
        url = f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"
        tags += (f'<script type="module" src="{url}"></script>' if name.endswith(".js")
                 else f'<link rel="stylesheet" href="{url}">')
    return tags


def masthead(current: str) -> str:
    """Name, motto and the way to the other pages; ``current`` is the path of this one."""
    links = "".join(f'<a href="{path}"{" aria-current=page" if path == current else ""}>{name}</a>'
                    for path, name in PAGES)
    return ('<header class="masthead"><p class="wordmark"><img src="/static/icon.svg" alt="" width="44" '
            f'height="44"><span>Segue</span></p><nav aria-label="Pages">{links}</nav></header>')


def overture() -> str:
    return ('<div class="overture"><h1>Give it the opening bars.<br>Hear how it might go on.</h1>'
            '<p>Choose a piece, bring your own MIDI file, or start from silence. A model that has read '
            'thousands of scores goes on from there, bar by bar.</p></div>')


def characters(presets: "dict[str, Settings]") -> list[tuple[str, str]]:
    """Labels and names of presets, the default first: a word for the temperature, then temperature, top-k and
    n-gram, or temperature and top-p where there is no top-k."""
    words = {0.1: "Very careful", 0.3: "Careful", 0.5: "Balanced", 0.7: "Lively", 0.9: "Adventurous",
             1.0: "Natural"}
    (default, _), *others = presets.items()
    names = [default, *(name for name, _ in sorted(others, key=lambda item: item[1].temperature))]
    labels = []
    for name in names:
        preset = presets[name]
        rest = f"{preset.top_k} · {preset.no_repeat_ngram}" if preset.top_k else f"top-p {preset.top_p:g}"
        labels.append((f"{words.get(preset.temperature, 'Special')} · {preset.temperature:g} · {rest}", name))
    return labels


def systems(names: Sequence[str]) -> list[tuple[str, str]]:
    """Labels and names of the systems that compose, the default first."""
    return [(f"{name} (the default)" if number == 0 else name, name) for number, name in enumerate(names)]


def styles(names: Sequence[str]) -> list[tuple[str, str]]:
    """Labels and names of styles, after none in particular."""
    return [("Any", ""), *((name[0].upper() + name[1:], name) for name in names)]


def hint(text: str) -> str:
    return f'<p class="hint">{escape(text)}</p>'


def heading(numeral: str, title: str) -> str:
    return f'<h2 class="movement"><span aria-hidden="true">{numeral}</span>{escape(title)}</h2>'


def cards(found: Sequence[Card], expected: int, done: bool, chosen: str = "") -> str:
    """The prompts as one group of radio buttons, so that arrow keys walk through them.

    Only the first FIRST are in view on a wide screen until the visitor asks for all (see the style sheet).
    """
    above = ""
    if not done:
        count = f" ({len(found)} of {expected})" if expected else ""
        above = note(f"The scores are being fetched from the library, once and for all{count} …", wrong=False)
    elif not found:
        above = note("The library could not be read. Your own MIDI file works, and so does starting from "
                     "nothing.", wrong=False)
    items = "".join(_card(card, card.prompt.id == chosen, n >= FIRST) for n, card in enumerate(found))
    more = (f'<button type="button" class="all">Show all {len(found)} pieces</button>'
            if len(found) > FIRST else "")
    return f'{above}<div class="cards" role="radiogroup" aria-label="Pieces to continue">{items}</div>{more}'


def _card(card: Card, chosen: bool, later: bool) -> str:
    prompt = card.prompt
    return (f'<label class="card{" later" if later else ""}"><input type="radio" name="prompt" '
            f'value="{escape(prompt.id)}"{" checked" if chosen else ""}>{card.thumbnail}'
            f'<span class="title">{escape(prompt.title)}</span>'
            f'<span class="composer">{escape(prompt.composer)}</span>'
            f'<span class="facts">{escape(prompt.ensemble)} · {prompt.about.bars} bars · '
            f'{clock(prompt.about.seconds)}</span></label>')


def stage(prompt: Prompt, used_bars: int) -> str:
    """The chosen prompt, to be seen and heard, and what reading it has changed."""
    about = prompt.about
    names = ", ".join(name for _, name, _ in about.instruments)
    by = f'<span class="composer">{escape(prompt.composer)}</span> · ' if prompt.composer else ""
    first = f" · the first {prompt.bars} are shown" if prompt.bars < about.bars else ""
    notices = "".join(f"<li>{escape(notice)}</li>" for notice in about.notices)
    return (f'<article class="stage"><header><h3>{escape(prompt.title)}</h3><p>{by}{escape(names)} · '
            f'{about.bars} bars{first} · {clock(about.seconds)} · {escape(about.time_signature)} · '
            f'{about.tempo:.0f} beats a minute</p></header>'
            + player(prompt.token, prompt.title, region=f"0-{used_bars}", choose_region=True)
            + (f'<ul class="notices">{notices}</ul>' if notices else "") + '</article>')


def player(token: str, name: str, **marks: object) -> str:
    """Sound and roll of what is on the shelf under ``token``; static/player.js brings it to life.

    marks: its attributes; True for one without a value, None for one that is not there.
    """
    said = "".join(f' {mark.replace("_", "-")}' + ("" if value is True else f'="{escape(str(value))}"')
                   for mark, value in marks.items() if value is not None)
    return (f'<segue-player src="/takes/{token}/roll.json" audio="/takes/{token}/take.mp3" '
            f'name="{escape(name)}"{said}></segue-player>')


def note(sentence: str, wrong: bool = True) -> str:
    """One sentence to the visitor; "" leaves the place empty."""
    if not sentence:
        return ""
    kind = 'class="note wrong" role="alert"' if wrong else 'class="note" role="status"'
    return f"<p {kind}>{escape(sentence)}</p>"


def progress(at: "Progress | None") -> str:
    """A bar that fills, the notes so far and the time that is left; None: nothing has come yet."""
    if at is None:
        return _bar("Listening to the prompt …", None)
    if at.place is not None:
        when = "" if at.place.seconds is None else f", {about(at.place.seconds)}"
        return _bar(f"{ordinal(at.place.number)} in line{when}", None)
    parts = [f"{at.takes} takes"] if at.takes > 1 else []
    if at.candidates:
        parts.append(f"{at.made} of {at.candidates} candidates are made")
    parts.append(f"{counted(at.notes, 'note')} so far")
    if at.seconds_left is not None:
        parts.append(time_left(at.seconds_left))
    return _bar(" · ".join(parts), at.fraction)


def _bar(text: str, fraction: float | None) -> str:
    percent = 0 if fraction is None else round(100 * min(max(fraction, 0), 1))
    now = "" if fraction is None else f' aria-valuenow="{percent}"'
    return (f'<div class="progress"><div class="bar{" unsure" if fraction is None else ""}" '
            f'role="progressbar" aria-label="Composing" aria-valuemin="0" aria-valuemax="100"{now} '
            f'aria-valuetext="{escape(text)}"><span style="width:{percent}%"></span></div>'
            f'<p>{escape(text)}</p></div>')


def time_left(seconds: float) -> str:
    """In words that do not pretend to know the second."""
    return "nearly there" if seconds < 3 else f"{about(seconds)} left"


def about(seconds: float) -> str:
    """about 10 seconds"""
    if seconds < 90:
        step = 1 if seconds < 15 else 5
        return f"about {counted(max(step, round(seconds / step) * step), 'second')}"
    return f"about {round(seconds / 60)} minutes"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def counted(number: int, thing: str) -> str:
    """1 note, 1,200 notes"""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def clock(seconds: float) -> str:
    """1:05"""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
