"""The end of a study: what was what, the participant's score beside the crowd's, the clips to hear again."""

from __future__ import annotations

from html import escape

from survey.values import Debrief, DebriefTrial, Revealed, Score
from survey.web.markup.parts import Say, player

_LEFT, _WIDTH = 90, 290             # of the line from 0 to 100 per cent, in the drawing's units
_ROWS = {"you": 26, "others": 62}


def completion(code: str, url: str, say: Say) -> str:
    """The code that tells the sender that the test was taken, and the way back to them."""
    if not code and not url:
        return ""
    shown = f"""<h2 id="completion">{say("completion.title")}</h2><p>{say("completion.text")}</p>
<p class="link"><input type="text" readonly value="{escape(code)}" aria-labelledby="completion">
<button type="button" class="copy">{say("page.copy")}</button></p>""" if code else ""
    back = f"""<p><a class="back" href="{escape(url)}" rel="noopener noreferrer">{say("completion.link")}</a>
</p>""" if url else ""
    return f'<section class="completion">{shown}{back}</section>'


def debrief(of: Debrief, say: Say) -> str:
    """What was what. The first place where a view tells AI from human: everything is answered."""
    trials = "".join(_trial(one, say) for one in of.trials)
    return (f'<section class="debrief"><h2>{say("debrief.title")}</h2>{_scores(of, say)}'
            f'<ol class="revealed">{trials}</ol></section>')


# --- scores -------------------------------------------------------------------------------------------------


def _scores(of: Debrief, say: Say) -> str:
    if of.own is None or not of.own.of:
        return ""
    own = say("debrief.score", count=of.own.correct, of=of.own.of)
    if of.crowd is None:
        crowd = say("debrief.few")
    else:
        crowd = say("debrief.crowd", percent=_percent(_share(of.crowd), say),
                    low=_percent(of.crowd.low, say), high=_percent(of.crowd.high, say))
    return f'<p class="score">{own}</p>{_bar(of.own, of.crowd, say)}<p class="crowd">{crowd}</p>'


def _bar(own: Score, crowd: Score | None, say: Say) -> str:
    """Two rows on one line from 0 to 100 per cent: a diamond, and a dot inside its interval."""
    values = {"own": _percent(_share(own), say)}
    rows = _row("you", say("debrief.you")) + _diamond(_x(_share(own)), _ROWS["you"])
    if crowd is not None:
        values |= {"crowd": _percent(_share(crowd), say), "low": _percent(crowd.low, say),
                   "high": _percent(crowd.high, say)}
        y = _ROWS["others"]
        rows += (_row("others", say("debrief.others"))
                 + f'<line class="interval" x1="{_x(crowd.low)}" x2="{_x(crowd.high)}" y1="{y}" y2="{y}"/>'
                 + f'<circle class="crowd-dot" cx="{_x(_share(crowd))}" cy="{y}" r="6"/>')
    spoken = say("debrief.chart" if crowd else "debrief.chart_own", **values)
    height = _ROWS["others" if crowd else "you"] + 22
    ticks = "".join(f'<text class="tick-mark" x="{_x(part)}" y="{height + 12}">{_percent(part, say)}</text>'
                    for part in (0, 0.5, 1))
    return (f'<svg class="bar" viewBox="0 0 400 {height + 18}" role="img" aria-label="{spoken}">'
            f'{rows}{ticks}</svg>')


def _row(name: str, words: str) -> str:
    y = _ROWS[name]
    return (f'<text class="row-name" x="{_LEFT - 18}" y="{y + 5}">{words}</text>'
            f'<line class="line" x1="{_x(0)}" x2="{_x(1)}" y1="{y}" y2="{y}"/>')


def _diamond(x: float, y: float) -> str:
    return f'<path class="own" d="M{x} {y - 9}l9 9-9 9-9-9z"/>'


def _x(share: float) -> float:
    return round(_LEFT + share * _WIDTH, 1)


def _share(score: Score) -> float:
    return score.correct / score.of


def _percent(share: float, say: Say) -> str:
    return say("debrief.percent", number=round(100 * share))


# --- trials -------------------------------------------------------------------------------------------------


def _trial(one: DebriefTrial, say: Say) -> str:
    both = len(one.clips) > 1
    name = say("debrief.pair" if both else "debrief.single", number=one.position)
    replays = "".join(_replay(clip, clip.slot if both else "one", say) for clip in one.clips)
    return (f'<li><h3>{escape(one.section_title)} · {name}</h3><div class="replays">{replays}</div>'
            f'<p class="given">{_given(one, say)}</p>{_told(one, say)}</li>')


def _replay(clip: Revealed, name: str, say: Say) -> str:
    made = say(f"debrief.made_{clip.origin}", piece=say(f"player.{name}_title"))
    work = ", ".join(escape(part) for part in (clip.title, clip.composer) if part)
    source = f'<span class="work">{work}</span>' if work and clip.origin == "human" else ""
    return (f'<div class="replay">{player(clip.slot, clip.handle, name, say, eager=False)}'
            f'<p>{made}{source}</p></div>')


def _given(one: DebriefTrial, say: Say) -> str:
    """What the participant answered, and whether it was right, in words and with a sign."""
    parts = []
    if one.choice:
        asked = "preferred" if one.kind == "preference" else "said"
        word = "both_equally" if (one.kind, one.choice) == ("preference", "both") else one.choice
        parts.append(say(f"debrief.{asked}", answer=say(f"answer.{word}")))
    if one.rating is not None:
        parts.append(say("debrief.rated", rating=one.rating))
    if one.said_ai is not None:
        parts.append(say("debrief.thought_ai" if one.said_ai else "debrief.thought_human"))
    if one.correct is not None:
        sign, word = ("✓", "right") if one.correct else ("✗", "wrong")
        parts.append(f'<span class="verdict">{sign} {say(f"debrief.{word}")}</span>')
    return " · ".join(parts)


def _told(one: DebriefTrial, say: Say) -> str:
    """What the label said, and that it was not true where it was not."""
    if one.label is None:
        return ""
    untrue = any(clip.origin != one.label for clip in one.clips)
    sentences = say(f"debrief.told_{one.label}") + (f' {say("debrief.told_untrue")}' if untrue else "")
    return f'<p class="told-then">{sentences}</p>'
