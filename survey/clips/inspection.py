"""The audit of a study in the store: its clips go in, and what is found is kept and told."""

from __future__ import annotations

import json
from threading import Event

from survey.clips.audit import Clip, Progress, audit
from survey.database import catalogue
from survey.errors import NotReady
from survey.store import Store


class _Stopped(Exception):
    """The audit was asked to stop."""


def inspect(store: Store, slug: str, progress: Progress = lambda done, of: None,
            stop: Event | None = None) -> dict | None:
    """Audits the clips of a study, keeps the result (see `audit`, and `at`, when) and returns it.

    Args:
        store: where the study and its clips are.
        slug: the study.
        progress: called with (cues tried, cues in all).
        stop: ends the audit before the next cue; nothing is kept then, and None is returned.

    Raises:
        UnknownStudy: if there is none.
        NotReady: if clips are missing: those to come could tell what these do not.
    """
    status = store.status(slug)
    if status.state == "building":
        raise NotReady(f"The study '{slug}' is audited when all its clips are built; "
                       f"{status.clips_built} of {status.clips_needed} are.")
    clips = [Clip(clip.id, clip.origin, clip.prompt_id or clip.id, json.loads(clip.facts or "null"),
                  clip.system) for clip in store.measured(slug)]

    stop = stop or Event()

    def going(done: int, of: int) -> None:
        progress(done, of)
        if stop.is_set():
            raise _Stopped

    try:
        found = {"study": slug, "at": catalogue.now().isoformat(), **audit(clips, progress=going)}
    except _Stopped:
        return None
    if stop.is_set():
        return None
    store.keep_audit(slug, json.dumps(found))
    return found


def told(found: dict) -> list[str]:
    """The lines of a result: a table of cues for all systems and for each, the warnings, and the verdict."""
    lines = []
    for name, part in [(found["study"], found), *found["systems"].items()]:
        lines += _table(name, part)
    if found["cues"]:
        lines += ["AUC: how well the cue tells clips that it has not learnt from (over "
                  f"{found['threshold']:g}: a warning). Chance: 95% of random labellings stay below it.", ""]
    return [*lines, *(f"Warning: {warning}" for warning in found["warnings"]), found["verdict"]]


def _table(name: str, part: dict) -> list[str]:
    counts = part["clips"]
    lines = [f"{name}: {counts['ai']} clips by the machine, {counts['human']} by people, "
             f"{counts['prompts']} prompts."]
    if part["cues"]:
        lines += ["", f"{'cue':24}{'AUC':>6}  {'95% interval':14}{'chance':>7}{'p':>8}{'machine':>12}"
                      f"{'people':>12}  verdict"]
        lines += [_row(name, part["details"][name]) for name, _ in part["cues"]]
    return [*lines, ""]


def _row(name: str, cue: dict) -> str:
    low, high = cue["ci95"]
    interval = f"{low:.2f} to {high:.2f}"
    means = (cue.get(who) for who in ("ai", "human"))
    shown = "".join(f"{'' if mean is None else format(mean, ',g'):>12}" for mean in means)
    return (f"{name:24}{cue['auc']:6.2f}  {interval:14}{cue['chance95']:7.2f}{cue['p']:8.3f}{shown}  "
            f"{cue['verdict']}")
