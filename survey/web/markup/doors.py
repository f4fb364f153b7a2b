"""The pages before the first answer, and the one after withdrawal."""

from __future__ import annotations

import json
from html import escape

from survey.values import Shut, Welcome
from survey.web import wording
from survey.web.markup.parts import languages, onward, paragraphs, words_in

_FULL = ("number", "quota")


def frame() -> str:
    """The page around all views; `#stage` holds the view. It can say that it opens, in every language, as
    soon as its script knows which."""
    opening = escape(json.dumps(wording.opening(), ensure_ascii=False))
    return f"""<div class="study" data-opening="{opening}"><p class="study-mark">Segue</p>
<div class="study-notice" id="study-notice" role="status"></div>
<div id="stage" aria-busy="true"><p class="waiting">…</p></div></div>"""


def welcome(of: Welcome) -> str:
    """What the study is about, the consent text and the way in."""
    say = words_in(of.language)
    consent = f"""<section class="consent"><h2>{escape(of.consent_title)}</h2>
<div class="prose">{paragraphs(of.consent_text)}</div></section>""" if of.consent_text else ""
    agree = say("welcome.agree" if consent else "welcome.begin")
    return f"""<form class="step welcome" data-kind="welcome" data-title="{escape(of.title)}">{_overture(of)}
<div class="prose lede">{paragraphs(of.summary)}</div>{consent}{onward(agree)}</form>"""


def building(of: Welcome, built: int, needed: int) -> str:
    """The clips are still being made. `data-built` lets the page see whether they get on."""
    say = words_in(of.language)
    count = say("building.count", built=built, needed=needed) if built else say("building.begun")
    return f"""<section class="step building" data-kind="building" data-built="{built}"
data-title="{escape(of.title)}">{_overture(of)}
<p class="lede">{say("building.lede")}</p>
<progress max="{max(needed, 1)}" value="{built}" aria-label="{say("building.ready")}"></progress>
<p class="count" role="status">{count}</p>
<p class="slow" hidden>{say("building.slow")}</p></section>"""


def invitation(of: Welcome, *, wrong: bool = False) -> str:
    """The study is by invitation, and the visitor has none yet, or one that does not open (`wrong`)."""
    say = words_in(of.language)
    problem = f'<p class="wrong" id="wrong" role="alert">{say("invitation.wrong")}</p>' if wrong else ""
    described = ' aria-invalid="true" aria-describedby="wrong"' if wrong else ""
    return f"""<form class="step invitation" data-kind="invitation" data-title="{escape(of.title)}">
{languages(of.language, of.languages)}<p class="eyebrow">{escape(of.title)}</p>
<h1 tabindex="-1">{say("invitation.title")}</h1><p class="lede">{say("invitation.lede")}</p>
<label class="field"><span>{say("invitation.label")}</span>
<input name="invitation" type="text" required maxlength="100" autocomplete="off" autocapitalize="characters"
spellcheck="false"{described}></label>{problem}{onward(say("step.continue"))}</form>"""


def shut(of: Welcome, why: Shut) -> str:
    """Nobody may start now: the study has not begun, is over, or is full."""
    say = words_in(of.language)
    kind = "full_" if why in _FULL else "early_" if why == "not_opened" else ""
    return f"""<section class="step gone" data-kind="closed" data-title="{escape(of.title)}">
{languages(of.language, of.languages)}<p class="eyebrow">{escape(of.title)}</p>
<h1 tabindex="-1">{say(f"closed.{kind}title")}</h1>
<p class="lede">{say(f"closed.{kind}lede")}</p></section>"""


def unknown(language: str) -> str:
    """There is no study of this name."""
    return _gone(language, "unknown")


def withdrawn(language: str) -> str:
    """Everything the participant gave has been deleted."""
    return _gone(language, "withdrawn")


def _gone(language: str, kind: str) -> str:
    say = words_in(language)
    return f"""<section class="step gone" data-kind="{kind}" data-title="{say(f"{kind}.page")}">
<p class="eyebrow">{say(f"{kind}.eyebrow")}</p><h1 tabindex="-1">{say(f"{kind}.title")}</h1>
<p class="lede">{say(f"{kind}.lede")}</p></section>"""


def _overture(of: Welcome) -> str:
    minutes = words_in(of.language)("welcome.eyebrow", count=of.minutes)
    return (f'{languages(of.language, of.languages)}<p class="eyebrow">{minutes}</p>'
            f'<h1 tabindex="-1">{escape(of.title)}</h1>')
