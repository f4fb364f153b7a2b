"""What the views are made of: players, answers, buttons, the small print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

from survey.web import wording

COMMENT_LENGTH = 2000               # characters
Say = Callable[..., str]            # a sentence by its key, safe in HTML if its values are
_ICONS = """
<svg class="icon icon-play" viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.2v13.6L19 12z"/></svg>
<svg class="icon icon-pause" viewBox="0 0 24 24" aria-hidden="true">
<path d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/></svg>
<svg class="ring" viewBox="0 0 120 120" aria-hidden="true"><circle class="track" cx="60" cy="60" r="57"/>
<circle class="along" cx="60" cy="60" r="57" pathLength="1"/></svg>"""


def words_in(language: str) -> Say:
    """`wording.say` in one language."""
    return partial(wording.say, language)


def paragraphs(text: str) -> str:
    """A text of the study."""
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())


def languages(language: str, offered: Sequence[str]) -> str:
    """The row of languages to choose from; nothing where there is no choice."""
    if len(offered) < 2:
        return ""
    buttons = "".join(
        f'<button type="button" class="language" lang="{escape(one)}" data-language="{escape(one)}" '
        f'aria-pressed="{"true" if one == language else "false"}">{escape(wording.name(one))}</button>'
        for one in offered)
    label = wording.say(language, "page.language")
    return f'<div class="languages" role="group" aria-label="{label}">{buttons}</div>'


def player(slot: str, handle: str, name: str, say: Say, *, eager: bool = True) -> str:
    """One clip. `name` is its entry in the wording: `one`, `a`, `b` or `sound_check`."""
    key = "sound_check.player" if name == "sound_check" else f"player.{name}"
    piece = say(key)
    letter = f'<p class="letter" aria-hidden="true">{name.upper()}</p>' if name in "ab" else ""
    play, pause = _capital(say("player.play", piece=piece)), _capital(say("player.pause", piece=piece))
    return f"""<section class="player" data-slot="{slot}" data-play="{play}" data-pause="{pause}"
aria-label="{say(f"{key}_title")}">
<audio preload="{"auto" if eager else "none"}" src="../../clips/{escape(handle)}"></audio>{letter}
<button type="button" class="play" aria-label="{play}">{_ICONS}</button>
<input class="seek" type="range" min="0" max="1000" value="0"
aria-label="{_capital(say("player.position", piece=piece))}">
<p class="clock"><span class="now">0:00</span><span class="total"></span></p>
<p class="state" role="status"></p></section>"""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def answers(legend: str, options: str, *, look: str = "", ends: str = "", waiting: bool = True) -> str:
    """One question and its answers. `waiting`: nobody can answer until everything has been heard."""
    return (f'<fieldset class="answers{f" {look}" if look else ""}"{" disabled" if waiting else ""}>'
            f'<legend>{escape(legend)}</legend><div class="row">{options}</div>{ends}</fieldset>')


def scale(name: str, legend: str, low: str, high: str, points: range, *, waiting: bool = True) -> str:
    """A row of numbers with a word at either end. On the keyboard, each number is its own key."""
    spoken = {points[0]: low, points[-1]: high}
    options = "".join(answer(name, value, value, shortcut=value, spoken=spoken.get(value, ""))
                      for value in points)
    return answers(legend, options, look="scale", ends=ends(low, high), waiting=waiting)


def ends(low: str, high: str) -> str:
    """The words at the ends of a scale, for the eye; the ear gets them with the numbers."""
    return f'<div class="ends" aria-hidden="true"><span>{escape(low)}</span><span>{escape(high)}</span></div>'


def choices(name: str, words: Mapping[str, str]) -> str:
    """Several answers by value, with the keys 1, 2, ... shown beside them."""
    return "".join(answer(name, value, word, key=str(number))
                   for number, (value, word) in enumerate(words.items(), start=1))


def answer(name: str, value: object, word: object, *, key: str = "", shortcut: object = "",
           spoken: str = "") -> str:
    """One of several answers. `key` is shown beside it; `shortcut` is a key that its word shows already."""
    keys = f' aria-keyshortcuts="{key or shortcut}"' if key or shortcut else ""
    label = f' aria-label="{escape(f"{word}, {spoken}")}"' if spoken else ""
    return (f'<label class="answer"><input type="radio" name="{escape(name)}" '
            f'value="{escape(str(value))}"{keys}{label}>'
            f'<span><span class="word">{escape(str(word))}</span>{_key(key)}</span></label>')


def tick(name: str, words: str, key: str = "") -> str:
    """Something to tick, or not."""
    shortcut = f' aria-keyshortcuts="{key}"' if key else ""
    return (f'<label class="tick"><input type="checkbox" name="{name}"{shortcut}>'
            f'<span>{words}{_key(key)}</span></label>')


def _key(key: str) -> str:
    return f'<kbd aria-hidden="true">{key}</kbd>' if key else ""


def onward(words: str, keys: str = "", *, waiting: bool = False) -> str:
    """The one button that goes on. `waiting`: not before an answer is chosen. `keys` names the keys."""
    hint = f'<p class="keys">{keys}</p>' if keys else ""
    return (f'<div class="onward"><button type="submit" class="go"{" disabled" if waiting else ""}>'
            f'{words}</button>{hint}</div>')


def small_print(say: Say, *, finished: bool, choice: str = "") -> str:
    """Finishing later, or letting the next one listen; another language (`choice`); and leaving."""
    link = f"""<p class="link"><input type="text" readonly aria-label="{say("later.link")}">
<button type="button" class="copy">{say("page.copy")}</button></p>"""
    later = _fold("keep" if finished else "later", say, link)
    again = _fold("again", say, f'<button type="button" class="afresh">{say("again.button")}</button>')
    leave = _fold("leave", say, f'<button type="button" class="delete">{say("leave.button")}</button>')
    return f'<footer class="small-print">{later}{again if finished else ""}{leave}{choice}</footer>'


def _fold(name: str, say: Say, inside: str) -> str:
    return (f'<details class="{name}"><summary>{say(f"{name}.title")}</summary>'
            f'<div><p>{say(f"{name}.text")}</p>{inside}</div></details>')
