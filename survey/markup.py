"""What a participant sees, as HTML: one function for every kind of page. Pure; all words are here.

A view holds nothing that tells AI from human: it is made from what is due (`store.Due`), which knows no
origin. Text of the study is escaped; blank lines part its paragraphs. static/study.js brings a view to life
and static/study.css dresses it.
"""

from __future__ import annotations

from html import escape

from survey.study import (
    CHOICES,
    RATING_MAX,
    RATING_MIN,
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
)
from survey.values import Due, Welcome

HEARD_FRACTION = 0.5                # of a clip, in one go, until it counts as played
COMMENT_LENGTH = 2000               # characters
ANSWERS = dict(zip(CHOICES, ("A", "B", "Both", "Neither", "I don’t know"), strict=True))
_ICONS = """
<svg class="icon icon-play" viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5.2v13.6L19 12z"/></svg>
<svg class="icon icon-pause" viewBox="0 0 24 24" aria-hidden="true">
<path d="M7 5h3.6v14H7zM13.4 5H17v14h-3.6z"/></svg>
<svg class="ring" viewBox="0 0 120 120" aria-hidden="true"><circle class="track" cx="60" cy="60" r="57"/>
<circle class="along" cx="60" cy="60" r="57" pathLength="1"/></svg>"""


def frame() -> str:
    """The page around all views; `#stage` holds the view."""
    return """<div class="study"><p class="study-mark">Segue</p>
<div class="study-notice" id="study-notice" role="status"></div>
<main id="stage" aria-busy="true"><p class="waiting">Opening the listening test …</p></main></div>"""


# --- before the first answer, and after withdrawal ----------------------------------------------------------


def welcome(of: Welcome) -> str:
    """What the study is about, the consent text and the way in."""
    consent = f"""<section class="consent"><h2>{escape(of.consent_title)}</h2>
<div class="prose">{_paragraphs(of.consent_text)}</div></section>""" if of.consent_text else ""
    return f"""<form class="step welcome" data-kind="welcome" data-title="{escape(of.title)}">{_overture(of)}
<div class="prose lede">{_paragraphs(of.summary)}</div>{consent}
{_onward("I agree, let’s begin" if consent else "Let’s begin")}</form>"""


def building(of: Welcome, built: int, needed: int) -> str:
    """The clips are still being made. `data-built` lets the page see whether they get on."""
    count = f"{built} of {needed} are ready" if built else "It has just begun"
    return f"""<section class="step building" data-kind="building" data-built="{built}"
data-title="{escape(of.title)}">{_overture(of)}
<p class="lede">The pieces for this test are being prepared just now.
You can leave this page open: it starts by itself.</p>
<progress max="{max(needed, 1)}" value="{built}" aria-label="Pieces that are ready"></progress>
<p class="count" role="status">{count}.</p>
<p class="slow" hidden>This takes longer than it should. Please come back a little later.</p></section>"""


def unknown() -> str:
    """There is no study of this name."""
    return """<section class="step gone" data-kind="unknown" data-title="No such listening test">
<p class="eyebrow">Page not found</p><h1 tabindex="-1">There is no listening test here</h1>
<p class="lede">Perhaps the link lost a letter on its way.
Please check it, or ask whoever sent it to you.</p></section>"""


def withdrawn() -> str:
    """Everything the participant gave has been deleted."""
    return """<section class="step gone" data-kind="withdrawn" data-title="Your answers are deleted">
<p class="eyebrow">Goodbye</p><h1 tabindex="-1">Your answers are deleted</h1>
<p class="lede">Nothing of what you told us is kept. Thank you for having had a look.</p></section>"""


def _overture(of: Welcome) -> str:
    minutes = f"{of.minutes} minute{'' if of.minutes == 1 else 's'}"
    return (f'<p class="eyebrow">A listening test · about {minutes}</p>'
            f'<h1 tabindex="-1">{escape(of.title)}</h1>')


# --- the steps ----------------------------------------------------------------------------------------------


def step(due: Due) -> str:
    """The step that is due. `data-step` is what the browser names when it answers."""
    body = {"consent": _consent, "questions": _questions, "pair": _pair, "rating": _rating,
            "open_rating": _rating, "comment": _comment, "thanks": _thanks}[due.kind](due)
    return f"""<form class="step {due.kind}" data-kind="{due.kind}" data-step="{escape(due.step_id)}"
data-title="{escape(due.title)}" data-min-plays="{due.min_plays if due.clips else 0}"
data-heard="{HEARD_FRACTION}" novalidate>{_head(due)}{body}</form>{_small_print(due)}"""


def _head(due: Due) -> str:
    said = due.kind != "comment" and due.position in (None, 1)      # once, when a section begins
    text = f'<div class="prose">{_paragraphs(due.text)}</div>' if due.text and said else ""
    progress = "" if due.finished else (
        f'<p class="progress"><progress max="{due.total}" value="{due.done}" aria-hidden="true"></progress>'
        f'<span>{due.done + 1} of {due.total}</span></p>')
    return f'{progress}<h1 tabindex="-1">{escape(due.title)}</h1>{text}'


def _consent(due: Due) -> str:
    return _onward("I agree, let’s begin")


def _questions(due: Due) -> str:
    return "".join(_question(question) for question in due.questions) + _onward("Continue")


def _pair(due: Due) -> str:
    options = "".join(_answer("choice", value, word, key=str(number))
                      for number, (value, word) in enumerate(ANSWERS.items(), start=1))
    return _trial(due, f'<fieldset class="answers five" disabled><legend>{escape(due.question)}</legend>'
                       f'<div class="row">{options}</div></fieldset>')


def _rating(due: Due) -> str:
    ends = {RATING_MIN: due.low, RATING_MAX: due.high}
    options = "".join(_answer("rating", value, value, shortcut=value, spoken=ends.get(value, ""))
                      for value in range(RATING_MIN, RATING_MAX + 1))
    return _trial(due, f'<fieldset class="answers scale" disabled><legend>{escape(due.question)}</legend>'
                       f'<div class="row">{options}</div>{_ends(due.low, due.high)}</fieldset>')


def _trial(due: Due, answers: str) -> str:
    """Players, what the answer waits for, the answers (disabled until then), and what may be added."""
    names = {"a": "A", "b": "B"} if len(due.clips) > 1 else {"a": ""}
    players = "".join(_player(clip.slot, names[clip.slot], clip.handle) for clip in due.clips)
    ticks = _tick("said_ai", "I think this was made by AI", "0") if due.ask_ai else ""
    if due.ask_recognised:
        which = "one of these pieces" if len(due.clips) > 1 else "this piece"
        ticks += _tick("recognised", f"I know {which}")
    if ticks:
        ticks = ('<fieldset class="ticks" disabled><legend class="unseen">And perhaps</legend>'
                 f'{ticks}</fieldset>')
    return (f'<div class="players">{players}</div>{_hint(due)}{answers}{ticks}'
            f'{_onward("Continue", trial=True)}')


def _comment(due: Due) -> str:
    return f"""<label class="field"><span>{escape(due.question)}</span>
<textarea name="comment" rows="5" maxlength="{COMMENT_LENGTH}"></textarea>
<small>You may leave this empty.</small></label>{_onward("Continue")}"""


def _thanks(due: Due) -> str:
    return "" if due.text else '<p class="end">You can close this page now.</p>'


# --- parts --------------------------------------------------------------------------------------------------


def _player(slot: str, letter: str, handle: str) -> str:
    name = f"piece {letter}" if letter else "the piece"
    shown = f'<p class="letter" aria-hidden="true">{letter}</p>' if letter else ""
    return f"""<section class="player" data-slot="{slot}" data-name="{name}" aria-label="{name.capitalize()}">
<audio preload="auto" src="../../clips/{escape(handle)}"></audio>{shown}
<button type="button" class="play" aria-label="Play {name}">{_ICONS}</button>
<input class="seek" type="range" min="0" max="1000" value="0" aria-label="Position in {name}">
<p class="clock"><span class="now">0:00</span><span class="total"></span></p>
<p class="state" role="status"></p></section>"""


def _hint(due: Due) -> str:
    """What the answer waits for; static/study.js changes it when every clip has been heard."""
    if not due.min_plays:
        return ""
    what = "both pieces" if len(due.clips) > 1 else "the piece"
    times = "" if due.min_plays == 1 else f" {due.min_plays} times"
    return (f'<p class="hint" role="status">Listen to {what}{times} first, at least half way through. '
            'Then you can answer.</p>')


def _answer(name: str, value: object, word: object, *, key: str = "", shortcut: object = "",
            spoken: str = "") -> str:
    """One of several answers. `key` is shown beside it; `shortcut` is a key that its word shows already."""
    keys = f' aria-keyshortcuts="{key or shortcut}"' if key or shortcut else ""
    label = f' aria-label="{escape(f"{word}, {spoken}")}"' if spoken else ""
    return (f'<label class="answer"><input type="radio" name="{escape(name)}" '
            f'value="{escape(str(value))}"{keys}{label}>'
            f'<span><span class="word">{escape(str(word))}</span>{_key(key)}</span></label>')


def _tick(name: str, words: str, key: str = "") -> str:
    shortcut = f' aria-keyshortcuts="{key}"' if key else ""
    return (f'<label class="tick"><input type="checkbox" name="{name}"{shortcut}>'
            f'<span>{escape(words)}{_key(key)}</span></label>')


def _key(key: str) -> str:
    return f'<kbd aria-hidden="true">{key}</kbd>' if key else ""


def _ends(low: str, high: str) -> str:
    return f'<div class="ends" aria-hidden="true"><span>{escape(low)}</span><span>{escape(high)}</span></div>'


def _question(question: Question) -> str:
    legend = escape(question.text) + (" <small>(you may skip this)</small>" if question.optional else "")
    name = f"q_{question.id}"
    head = (f'data-question="{escape(question.id)}" data-kind="{question.kind}"'
            f'{" data-optional" if question.optional else ""}')
    if isinstance(question, ChoiceQuestion | ScaleQuestion):
        if isinstance(question, ChoiceQuestion):
            options, kind, ends = question.options, "", ""
        else:
            options, kind = {value: value for value in range(1, question.points + 1)}, " scale"
            ends = _ends(question.low, question.high)
            spoken = {1: question.low, question.points: question.high}
        body = "".join(_answer(name, value, word, spoken=spoken.get(value, "") if kind else "")
                       for value, word in options.items())
        return (f'<fieldset class="answers asked{kind}" {head}><legend>{legend}</legend>'
                f'<div class="row">{body}</div>{ends}</fieldset>')
    if isinstance(question, NumberQuestion):
        box = (f'<input type="number" name="{name}" min="{question.minimum:g}" max="{question.maximum:g}" '
               'step="any" inputmode="decimal">')
    else:
        box = f'<textarea name="{name}" rows="3" maxlength="{COMMENT_LENGTH}"></textarea>'
    return f'<div class="asked" {head}><label class="field"><span>{legend}</span>{box}</label></div>'


def _onward(words: str, *, trial: bool = False) -> str:
    """The one button that goes on. In a trial it waits for an answer, and the keys are named."""
    keys = ('<p class="keys"><kbd>Space</kbd> plays, <kbd>1</kbd> to <kbd>5</kbd> answer, '
            '<kbd>Enter</kbd> continues</p>')
    return (f'<div class="onward">'
            f'<button type="submit" class="go"{" disabled" if trial else ""}>{words}</button>'
            f'{keys if trial else ""}</div>')


def _small_print(due: Due) -> str:
    """Finishing later, or letting the next one listen; and leaving."""
    later = """<details class="later"><summary>Finish later</summary><div>
<p>Your answers are kept as you give them. Open this private link, here or on another device,
and you go on where you stopped.</p>
<p class="link"><input type="text" readonly aria-label="Your private link">
<button type="button" class="copy">Copy</button></p></div></details>"""
    again = """<details class="again"><summary>Let someone else listen</summary><div>
<p>The test starts afresh in this browser. Your own answers stay as they are.</p>
<button type="button" class="afresh">Start afresh</button></div></details>"""
    leave = """<details class="leave"><summary>Leave and delete my answers</summary><div>
<p>Everything that you told us is deleted, and cannot be brought back.</p>
<button type="button" class="delete">Delete everything</button></div></details>"""
    return f'<footer class="small-print">{again if due.finished else later}{leave}</footer>'


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())
