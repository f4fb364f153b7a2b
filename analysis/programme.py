"""The studies as a concert programme, and what each step in the life of one has to show. Pure, plain HTML.

Everything that comes from a study, a file or a participant is escaped here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from analysis import wording
from analysis.board import Quota, Rule, StudyStatus
from analysis.works import Job

PAGES = (("/", "Compose"), ("/study/default", "Listening test"), ("/research", "Research"))
STATES = {
    "draft": "clips to be built",
    "ready": "ready to open",
    "open": "open",
    "closed": "closed",
    "imported": "answers only",
}


SHUT = {
    "date": ", but its last day has passed",
    "number": ", and has all its participants",
    "quota": ", and its quotas are full",
}
CAPTIONS = {
    "experience": "Who listened",
    "choices": "What they answered",
    "rating_histograms": "How they rated",
    "correct_by_experience": "Where they were right",
    "setting_heatmap": "Which settings they liked",
    "open_ratings": "Pieces they knew to be AI",
    "preferences": "What they preferred",
    "surface": "Where the best settings lie",
    "halo": "What they took for a machine’s",
    "labels": "What a label did",
}


def masthead() -> str:
    """The name of the house and the way to its other pages."""
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == "/research" else ""}>{name}</a>'
        for path, name in PAGES
    )
    return (
        '<header class="masthead"><p class="wordmark">'
        '<img src="/static/icon.svg" alt="" width="44" height="44">'
        f'<span>Segue</span></p><nav aria-label="Pages">{links}</nav></header>'
    )


def programme(statuses: Sequence[StudyStatus], chosen: str | None) -> str:
    """All studies as one group of radio buttons, so that arrow keys walk through them."""
    if not statuses:
        return note("There is no study yet.")
    rows = "".join(_row(status, status.slug == chosen) for status in statuses)
    return f'<div class="programme" role="radiogroup" aria-label="Studies">{rows}</div>'


def _row(status: StudyStatus, chosen: bool) -> str:
    heard = f"{status.finished:,} of {status.started:,} finished" if status.started else ""
    checked = " checked" if chosen else ""
    return (
        f'<label><input type="radio" name="study" value="{escape(status.slug)}"{checked}>'
        f'<span class="title">{escape(status.title)} <span class="slug">{escape(status.slug)}</span></span>'
        f'<span class="state">{escape(STATES.get(status.state, status.state))}</span>'
        f'<span class="heard">{heard}</span></label>'
    )


def plan(status: StudyStatus) -> str:
    """What participants will do, for how long, and when the study ends by itself."""
    facts = [("minutes, as announced", f"{status.minutes}")] if status.minutes else []
    facts += [("clips", f"{status.clips_total:,}")] if status.clips_total else []
    facts += [("participants wanted", f"{status.target:,}")] if status.target else []
    facts += [("last day", f"{status.until:%Y-%m-%d}")] if status.until else []
    rows = "".join(f"<li><b>{escape(name)}</b> {escape(what)}</li>" for name, what in status.outline)
    outline = f'<ol class="outline">{rows}</ol>' if rows else ""
    summary = f"<p>{escape(status.summary)}</p>" if status.summary else ""
    return f"{summary}{_facts(facts)}{outline}"


def frozen(status: StudyStatus) -> str:
    """The analysis plan's hash, or why one would freeze it."""
    if status.plan_sha256:
        return note(f"The analysis plan is frozen. SHA-256: {status.plan_sha256}")
    if status.started:
        return note("The analysis plan was not frozen before the first participant.")
    return hint("Freeze the analysis plan before the first participant, and the report can show that nothing "
                "was chosen afterwards.")


def clips(status: StudyStatus, job: Job | None) -> str:
    """How many clips there are, and how the building goes."""
    if not status.clips_total:
        return hint("This study has no clips of its own.")
    words = f"{status.clips_built:,} of {status.clips_total:,} clips are built"
    if job and job.state == "waiting":
        words += "; other work comes first"
    elif job and job.state == "under way":
        words += "; ending after this one …" if job.stop.is_set() else " …"
    bar = _progress("Building clips", status.clips_built, status.clips_total, f"{words.removesuffix('…')}"
                    f"{'…' if words.endswith('…') else '.'}")
    return bar + (note(job.said, wrong=True) if job and job.said else "")


def check(status: StudyStatus, job: Job | None) -> str:
    """What the last audit found: each cue that gives the machine away is a warning by name."""
    if job and not job.over:
        return _progress("Checking the clips", job.done, job.of, "Looking for what gives the machine away …")
    failed = note(job.said, wrong=True) if job and job.said else ""
    if status.audit is None:
        return failed + hint("Can something other than the music tell who wrote it: loudness, length, file "
                             "size, tempo? Check it before the first participant.")
    found = "".join(note(warning, wrong=True) for warning in status.audit.get("warnings", ()))
    systems = status.audit.get("systems", {})
    table = _cues(status.audit.get("cues", ()), "machine from human, all systems together" if systems else
                  "machine from human")
    table += "".join(_cues(part.get("cues", ()), f"‘{name}’ from human") for name, part in systems.items())
    return f'{failed}<p class="say">{escape(str(status.audit.get("verdict", "")))}</p>{found}{table}'


def _cues(cues: Iterable[tuple[str, float]], what: str) -> str:
    """A table of cues with how well they tell ``what``."""
    rows = "".join(f"<tr><th scope=row>{escape(str(name))}</th><td>{auc:.2f}</td></tr>" for name, auc in cues)
    caption = f"How well each cue alone tells {what} (0.5: not at all; over 0.65: a warning)"
    return (f'<table class="cues"><caption>{escape(caption)}</caption><thead><tr><th scope="col">Cue</th>'
            f'<th scope="col">AUC</th></tr></thead><tbody>{rows}</tbody></table>') if rows else ""


def doors(status: StudyStatus) -> str:
    """Whether participants are let in, by which address, and with what warning."""
    said = {
        "draft": "The study can open when its clips are built.",
        "ready": "Nobody can take the study yet.",
        "open": f"Open since {_moment(status.opened_at)}{SHUT.get(status.shut or '', '')}.",
        "closed": f"Closed since {_moment(status.closed_at)}. Who has begun may finish.",
        "imported": "These answers were imported; nobody can take this study here.",
    }.get(status.state, "")
    parts = [f'<p class="say">{said}</p>']
    if status.state in ("draft", "imported"):
        return "".join(parts)
    if status.state == "ready":
        for warning in _before(status):
            parts.append(note(warning, wrong=True))
    path = f"/study/{status.slug}"
    parts.append(f'<p class="address">Participants go to <a href="{escape(path)}">{escape(path)}</a></p>')
    if status.by_invitation:
        parts.append(hint(f"By invitation only: {status.invited:,} made, {status.invitations_used:,} used."))
    return "".join(parts)


def _before(status: StudyStatus) -> Iterable[str]:
    """What a careful researcher would see to before the first participant."""
    if status.audit is None:
        yield "The clips have not been checked for what gives the machine away."
    else:
        yield from status.audit.get("warnings", ())
    if not status.plan_sha256:
        yield "The analysis plan is not frozen."


def watching(status: StudyStatus) -> str:
    """Live counts, quotas, and how far participants came."""
    facts = [("started", f"{status.started:,}"), ("finished", f"{status.finished:,}"),
             ("answers", f"{status.answers:,}")]
    if status.median_minutes is not None:
        facts.append(("minutes, median", f"{status.median_minutes:.1f}"))
    quotas = [*([Quota("finished", status.finished, status.target)] if status.target else []), *status.quotas]
    wanted = "".join(_bar(one.name, one.have, one.want, f"{one.have:,} of {one.want:,}") for one in quotas)
    most = max((count for _, count in status.by_step), default=0)
    reached = "".join(_bar(name, count, most, f"{count:,}") for name, count in status.by_step)
    return (f'{_facts(facts)}<p class="last">{_last(status.last_answer_at)}</p>'
            + (f'<h3>How many are wanted</h3><ol class="bars">{wanted}</ol>' if wanted else "")
            + (f'<h3>How far they came</h3><ol class="bars">{reached}</ol>' if reached else ""))


def excluded(status: StudyStatus) -> str:
    """Who is left out, by reason."""
    if not status.excluded:
        return hint("Nobody is excluded.")
    rows = "".join(f"<li><b>{count:,}</b> {escape(reason)}</li>" for reason, count in status.excluded.items())
    return f'<ul class="excluded">{rows}</ul>'


def rules(found: Sequence[Rule]) -> str:
    """Whom the chosen rules would exclude, before they do."""
    if not found:
        return hint("No rule is chosen.")
    rows = "".join(
        f"<li><b>{rule.broken_by:,}</b> {escape(rule.sentence)}"
        + (f" ({rule.broken_by - rule.excludes:,} of them by a rule above)" if rule.excludes < rule.broken_by
           else "") + "</li>" for rule in found)
    total = sum(rule.excludes for rule in found)
    return f'<ul class="excluded">{rows}</ul><p class="say">{people(total)} would be excluded.</p>'


def headline(numbers: wording.Results) -> str:
    """The one sentence that the results come to."""
    simulated = '<p class="simulated"><strong>SIMULATED</strong> No person gave these answers.</p>'
    return (
        f"{simulated if wording.is_simulated(numbers) else ''}"
        f'<p class="headline">{escape(wording.headline(numbers))}</p>'
        f'<p class="hint">{escape(wording.explanation(numbers))}</p>'
    )


def captions(numbers: wording.Results) -> dict[str, str]:
    """What stands over each figure, by its name."""
    said = wording.captions(numbers)
    return {name: f"<h3>{title}</h3><p>{escape(said[name])}</p>" for name, title in CAPTIONS.items()}


def mistakes(sentences: str, label: Callable[[str], str] = lambda sentence: "") -> str:
    """What is wrong with a study file, a line each; ``label`` names the form's field that it comes from."""
    rows = "".join(_mistake(one, label(one)) for one in sentences.splitlines())
    return f'<ul class="note wrong mistakes" role="alert">{rows}</ul>'


def _mistake(sentence: str, label: str) -> str:
    """A mistake, its field, and the way to its line (static/research.js)."""
    found = re.search(r", line (\d+)", sentence)
    button = f' <button type="button" data-line="{found[1]}">Go to line {found[1]}</button>' if found else ""
    field = f"<b>{escape(label)}</b>: " if label else ""
    return f"<li>{field}{escape(sentence)}{button}</li>"


def note(sentence: str, wrong: bool = False) -> str:
    """One sentence to the researcher, with a rule at its side."""
    kind = 'class="note wrong" role="alert"' if wrong else 'class="note" role="status"'
    return f"<p {kind}>{escape(sentence)}</p>"


def hint(sentence: str) -> str:
    """One sentence in the background."""
    return f'<p class="hint">{escape(sentence)}</p>'


def people(number: int) -> str:
    """'1 participant', '1,200 participants'"""
    return f"{number:,} participant{'' if number == 1 else 's'}"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    items = "".join(f"<div><dd>{escape(value)}</dd><dt>{escape(name)}</dt></div>" for name, value in facts)
    return f'<dl class="facts">{items}</dl>' if items else ""


def _bar(name: str, value: int, of: int, words: str) -> str:
    share = 100 * min(value / of, 1) if of else 0
    return (f'<li><span class="name">{escape(name)}</span><span class="bar" style="--share:{share:.1f}%" '
            f'aria-hidden="true"></span><span class="count">{words}</span></li>')


def _progress(name: str, done: int, of: int, words: str) -> str:
    percent = round(100 * done / of) if of else 0
    now = f' aria-valuenow="{percent}"' if of else ""
    return (f'<div class="progress"><div class="track" role="progressbar" aria-label="{escape(name)}" '
            f'aria-valuemin="0" aria-valuemax="100"{now} aria-valuetext="{escape(words)}">'
            f'<span style="width:{percent}%"></span></div><p>{escape(words)}</p></div>')


def _last(moment: datetime | None) -> str:
    return f"Last answer {_moment(moment, ':%S')}" if moment else "No answer yet"


def _moment(moment: datetime | None, seconds: str = "") -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M{seconds}} UTC" if moment else "an unknown moment"
