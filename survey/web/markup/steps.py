"""The step that is due: consent, questions, everything that is listened to, comments, thanks."""

from __future__ import annotations

from html import escape

from model import HEARD_FRACTION
from survey.study import (
    CHOICES,
    RATING_MAX,
    RATING_MIN,
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
)
from survey.values import Due
from survey.web.markup.debrief import completion, debrief
from survey.web.markup.parts import (
    COMMENT_LENGTH,
    Say,
    answer,
    answers,
    choices,
    ends,
    languages,
    onward,
    paragraphs,
    player,
    scale,
    small_print,
    tick,
    words_in,
)

_COUNTED = 0.9          # of a sound check: half of it would not do to count its notes
_POINTS = range(RATING_MIN, RATING_MAX + 1)


def step(due: Due) -> str:
    """The step that is due. `data-step` is what the browser names when it answers."""
    say = words_in(due.language)
    body = {"consent": _consent, "questions": _questions, "sound_check": _sound_check, "comment": _comment,
            "thanks": _thanks}.get(due.kind, _trial)(due, say)
    ribbon = f'<p class="ribbon">{say("page.preview")}</p>' if due.preview else ""
    kind = due.kind.removeprefix("practice_")
    heard = _COUNTED if kind == "sound_check" else HEARD_FRACTION
    return f"""<form class="step {kind}" data-kind="{kind}" data-step="{escape(due.step_id)}"
data-title="{escape(_title(due, say))}" data-min-plays="{due.min_plays if due.clips else 0}"
data-heard="{heard}" novalidate>{ribbon}{_head(due, say)}{body}</form>
{small_print(say, finished=due.finished, choice=languages(due.language, due.languages))}"""


def _title(due: Due, say: Say) -> str:
    return say("quota.title") if due.quota_full else due.title


def _head(due: Due, say: Say) -> str:
    said = due.kind != "comment" and due.position in (None, 1)      # once, when a section begins
    text = f'<div class="prose">{paragraphs(due.text)}</div>' if due.text and said else ""
    if due.quota_full:
        text = f'<div class="prose"><p>{say("quota.lede")}</p></div>'
    progress = "" if due.finished else (
        f'<p class="progress"><progress max="{due.total}" value="{due.done}" aria-hidden="true"></progress>'
        f'<span>{say("step.progress", number=due.done + 1, total=due.total)}</span></p>')
    practice = f'<p class="practice">{say("step.practice")}</p>' if due.practice else ""
    return f'{progress}{practice}<h1 tabindex="-1">{escape(_title(due, say))}</h1>{text}'


def _consent(due: Due, say: Say) -> str:
    return onward(say("welcome.agree"))


def _comment(due: Due, say: Say) -> str:
    return f"""<label class="field"><span>{escape(due.question)}</span>
<textarea name="comment" rows="5" maxlength="{COMMENT_LENGTH}"></textarea>
<small>{say("step.empty")}</small></label>{onward(say("step.continue"))}"""


def _thanks(due: Due, say: Say) -> str:
    end = "" if due.text or due.quota_full else f'<p class="end">{say("step.close")}</p>'
    code = completion(due.completion_code, due.completion_url, say)
    return end + code + (debrief(due.debrief, say) if due.debrief else "")


# --- what is listened to ------------------------------------------------------------------------------------


def _trial(due: Due, say: Say) -> str:
    """Players, what the answer waits for, the answers (disabled until then), and what may be added."""
    both = len(due.clips) > 1
    players = "".join(player(clip.slot, clip.handle, clip.slot if both else "one", say) for clip in due.clips)
    hint = say(f"trial.listen_{'both' if both else 'one'}", count=due.min_plays) if due.min_plays else ""
    return (f'{_told(due, say)}<div class="players{" two" if both else ""}">{players}</div>'
            f'{_hint(hint, "ready")}{_instruction(due, say)}{_asked(due, say)}{_ticks(due, say)}'
            f'{onward(say("step.continue"), _keys(say), waiting=True)}')


def _asked(due: Due, say: Say) -> str:
    waiting = bool(due.clips)
    if due.kind in ("rating", "open_rating", "practice_rating"):
        first = scale("rating", due.question, due.low, due.high, _POINTS)
        return first + "".join(scale(f"scale_{one.id}", one.question, one.low, one.high, _POINTS)
                               for one in due.scales)
    return answers(due.question, choices("choice", _words(due, say)), look="five", waiting=waiting)


def _words(due: Due, say: Say) -> dict[str, str]:
    both = "both_equally" if due.kind == "preference" else "both"
    return {choice: say(f"answer.{both if choice == 'both' else choice}") for choice in CHOICES}


def _told(due: Due, say: Say) -> str:
    """What the participant is told about who made the clip, true or not: only the last words differ."""
    if due.label is None:
        return ""
    return (f'<p class="told"><span>{say("label.told")}</span>'
            f'<strong>{say(f"label.{due.label}")}</strong></p>')


def _instruction(due: Due, say: Say) -> str:
    """What an attention check asks for, said plainly."""
    if due.expected is None:
        return ""
    wanted = f"<strong>{escape(_words(due, say)[due.expected])}</strong>"
    return f'<p class="instruction">{say("trial.attention", answer=wanted)}</p>'


def _sound_check(due: Due, say: Say) -> str:
    players = "".join(player(clip.slot, clip.handle, "sound_check", say) for clip in due.clips)
    options = "".join(answer("count", count, count, shortcut=count) for count in due.counts)
    asked = answers(due.question or say("sound_check.question"), options, look="scale")
    return (f'<div class="players">{players}</div>{_hint(say("sound_check.hint"), "readyToCount")}{asked}'
            f'{onward(say("step.continue"), waiting=True)}')


def _hint(words: str, ready: str) -> str:
    """What the answer waits for; static/study.js says `ready` when every clip has been heard."""
    return f'<p class="hint" role="status" data-ready="{ready}">{words}</p>' if words else ""


def _ticks(due: Due, say: Say) -> str:
    ticks = tick("said_ai", say("trial.said_ai"), "0") if due.ask_ai else ""
    if due.ask_recognised:
        ticks += tick("recognised", say(f"trial.recognised_{'both' if len(due.clips) > 1 else 'one'}"))
    return (f'<fieldset class="ticks" disabled><legend class="unseen">{say("trial.more")}</legend>'
            f'{ticks}</fieldset>') if ticks else ""


def _keys(say: Say) -> str:
    names = {"space": say("trial.space"), "first": 1, "last": 5, "enter": say("trial.enter")}
    return say("trial.keys", **{name: f"<kbd>{key}</kbd>" for name, key in names.items()})


# --- questions ----------------------------------------------------------------------------------------------


def _questions(due: Due, say: Say) -> str:
    return "".join(_question(question, say) for question in due.questions) + onward(say("step.continue"))


def _question(question: Question, say: Say) -> str:
    legend = escape(question.text)
    if question.optional:
        legend += f' <small>{say("step.skip")}</small>'
    name = f"q_{question.id}"
    head = (f'data-question="{escape(question.id)}" data-kind="{question.kind}"'
            f'{" data-optional" if question.optional else ""}')
    if isinstance(question, ChoiceQuestion | ScaleQuestion):
        if isinstance(question, ChoiceQuestion):
            row = "".join(answer(name, value, word) for value, word in question.options.items())
            look, below = "", ""
        else:
            spoken = {1: question.low, question.points: question.high}
            row = "".join(answer(name, value, value, spoken=spoken.get(value, ""))
                          for value in range(1, question.points + 1))
            look, below = " scale", ends(question.low, question.high)
        return (f'<fieldset class="answers asked{look}" {head}><legend>{legend}</legend>'
                f'<div class="row">{row}</div>{below}</fieldset>')
    if isinstance(question, NumberQuestion):
        box = (f'<input type="number" name="{name}" min="{question.minimum:.15g}" '
               f'max="{question.maximum:.15g}" step="any" inputmode="decimal">')
    else:
        box = f'<textarea name="{name}" rows="3" maxlength="{COMMENT_LENGTH}"></textarea>'
    return f'<div class="asked" {head}><label class="field"><span>{legend}</span>{box}</label></div>'
