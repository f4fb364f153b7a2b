"""Whether anything but the music tells who wrote a study's clips. Pure: rows in, a result out.

Each cue of `clips.cues`, and all together, try to tell the machine's clips from people's: Fisher's linear
discriminant on the cue's ranks, with ridge; for one cue a threshold whose direction was learnt. It is tried
on clips that it has not learnt from: five folds of prompts, so that all continuations of a prompt are on one
side, in many divisions into folds. What counts is how often, of a machine's and a person's clip held out
together, the machine's gets the higher score: the area under the ROC curve (AUC; 0.5 is guessing). Pairs are
compared within a fold only, because scores of different classifiers do not compare (Airola et al. 2011).

How far chance goes is found by dealing the origins anew, within prompts where these have both (a permutation
test; Ojala and Garriga 2010); the interval draws prompts with replacement.

Of several systems the clips are taken together first, as a participant hears them, and then each system's
alone against people's: what gives one away may be hidden where another has the opposite fault.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from model import stands_in_training
from survey.clips.cues import CUES, Facts

TELLING = 0.65          # an AUC above it is a warning
FOLDS, DIVISIONS = 5, 10
PERMUTATIONS, DRAWS = 499, 1000
TOGETHER = "all cues together"
_RIDGE = 1.0            # beside cues of unit variance
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Clip:
    """A clip as an audit sees it.

    origin: ai or human. prompt: clips with the same one continue the same bars. facts: as `cues.measure` and
    `cues.copies` give them; None of a clip that was built without them. system: None of a person's.
    """

    id: str
    origin: str
    prompt: str
    facts: Facts | None
    system: str | None = None


def audit(clips: Sequence[Clip], seed: int = 0, progress: Progress = lambda done, of: None) -> dict:
    """What an audit finds, as plain JSON; some seconds for a hundred clips.

    Args:
        clips: those of one study.
        seed: of the folds and of what chance does; the same seed gives the same result.
        progress: called with (cues tried, cues in all).

    Returns:
        `clips`: how many of each origin, prompts, and clips `without_facts`. `cues`: [name, AUC] of every cue
        and of all together, the most telling first. `details` by name: `auc`, `ci95`, `chance95` (what 95% of
        random dealings of the origins stay below), `p`, `p_holm` (over the single cues), `verdict`
        (`telling`, `silent`, or `too few clips to tell`), and for one cue its `unit` and the means `ai` and
        `human`. `systems`: of each system alone its `clips`, `cues` and `details`; empty where there is one.
        `copies`: what stands in the training music. `warnings`: sentences. `verdict`: one sentence.
    """
    known = [clip for clip in clips if clip.facts is not None and clip.origin in ("ai", "human")]
    systems = sorted({clip.system for clip in known if clip.origin == "ai" and clip.system})
    alone = {name: [clip for clip in known if clip.origin == "human" or clip.system == name]
             for name in (systems if len(systems) > 1 else ())}
    of = (len(CUES) + 1) * (1 + len(alone))
    whole, *each = (
        _compared(some, seed, lambda done, _, before=number: progress(before * (len(CUES) + 1) + done, of))
        for number, some in enumerate((known, *alone.values())))
    found = {
        "clips": {**whole.pop("clips"), "without_facts": len(clips) - len(known)}, "threshold": TELLING,
        **whole, "systems": dict(zip(alone, each, strict=True)), "copies": _copies(known),
    }
    found["warnings"] = _warnings(found)
    found["verdict"] = _verdict(found)
    return found


def _compared(clips: Sequence[Clip], seed: int, progress: Progress) -> dict:
    """How many clips of each origin there are, and the cues that tell them apart."""
    machine = np.array([clip.origin == "ai" for clip in clips], bool)
    prompts = [clip.prompt for clip in clips]
    counts = {"ai": int(machine.sum()), "human": int((~machine).sum()), "prompts": len(set(prompts))}
    details = {}
    if machine.any() and not machine.all() and len(set(prompts)) > 1:
        details = _details(clips, machine, prompts, np.random.default_rng(seed), progress)
    cues = sorted(([name, one["auc"]] for name, one in details.items() if one["auc"] is not None),
                  key=lambda cue: -cue[1])
    return {"clips": counts, "cues": cues, "details": details}


# --- cues ---------------------------------------------------------------------------------------------------


def _details(clips: Sequence[Clip], machine: np.ndarray, prompts: Sequence[str],
             rng: np.random.Generator, progress: Progress) -> dict[str, dict]:
    groups = np.unique(prompts, return_inverse=True)[1]
    divisions = _divisions(groups, rng)
    dealings = np.stack([machine, *(_dealt(machine, groups, rng) for _ in range(PERMUTATIONS))])
    drawn = rng.multinomial(groups.max() + 1, np.full(groups.max() + 1, 1 / (groups.max() + 1)), DRAWS)
    values = {name: np.array([_number(clip.facts.get(name)) for clip in clips]) for name in CUES}
    ranks = {name: _ranked(value) for name, value in values.items()}

    def tried(columns: list[np.ndarray]) -> dict:
        return _tried(np.column_stack(columns), dealings, divisions, drawn[:, groups])

    details = {}
    for done, (name, (label, unit)) in enumerate(CUES.items()):
        progress(done, len(CUES) + 1)
        means = {who: _mean(values[name][mask]) for who, mask in (("ai", machine), ("human", ~machine))}
        details[label] = {**tried([ranks[name]]), "unit": unit, **means}
    _correct(list(details.values()))
    details[TOGETHER] = tried(list(ranks.values()))
    return details


def _tried(cues: np.ndarray, dealings: np.ndarray, divisions: np.ndarray, drawn: np.ndarray) -> dict:
    """The AUC of cues (n, d) for the true origins, the first of the dealings (b, n), and how sure that is."""
    aucs, concordant, pairs = held_out(cues, dealings, divisions)
    if not pairs.any():
        return {"auc": None, "ci95": None, "chance95": None, "p": None, "verdict": "too few clips to tell"}
    auc, chance = float(aucs[0]), aucs[1:][~np.isnan(aucs[1:])]
    weights = drawn.astype(float)
    total = np.einsum("bi,ij,bj->b", weights, pairs, weights, optimize=True)
    held = np.einsum("bi,ij,bj->b", weights, concordant, weights, optimize=True)
    low, high = np.percentile(held[total > 0] / total[total > 0], (2.5, 97.5))
    limit = float(np.percentile(chance, 95)) if len(chance) else 1.0
    verdict = "telling" if auc > TELLING else "silent" if limit <= TELLING else "too few clips to tell"
    return {"auc": round(auc, 3), "ci95": [round(float(low), 3), round(float(high), 3)],
            "chance95": round(limit, 3), "verdict": verdict,
            "p": float((1 + (chance >= auc - 1e-12).sum()) / (1 + len(chance)))}


def held_out(cues: np.ndarray, dealings: np.ndarray, divisions: np.ndarray,
             ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How well a discriminant tells the origins of clips that it has not learnt from.

    Args:
        cues: float (n, d), of mean 0.
        dealings: bool (b, n), which clips are the machine's; each row is tried by itself.
        divisions: int (r, n), the fold of every clip; each row is one division.

    Returns:
        AUC of each dealing, (b,), NaN where no pair was held out together; and for the first dealing, each
        (n, n): how often clip i, the machine's, got a higher score than clip j, a person's (a tie is half),
        and how often they were held out together.
    """
    n = len(cues)
    right, tried = np.zeros((2, len(dealings)))
    concordant, pairs = np.zeros((2, n, n))
    for division in divisions:
        for fold in np.unique(division):
            out = np.flatnonzero(division == fold)
            weights = _discriminants(cues[division != fold], dealings[:, division != fold])
            learnt = np.isfinite(weights).all(axis=1)
            scores = np.round(np.where(learnt[:, None], weights, 0) @ cues[out].T, 9)       # (b, m)
            ai = dealings[:, out]
            mine = ai.sum(axis=1)
            # Mann and Whitney's U: the pairs in which the machine's clip is above
            right += learnt * ((rankdata(scores, axis=1) * ai).sum(axis=1) - mine * (mine + 1) / 2)
            tried += learnt * mine * (len(out) - mine)
            if learnt[0]:
                both = np.outer(ai[0], ~ai[0])
                concordant[np.ix_(out, out)] += both * (1 + np.sign(np.subtract.outer(*scores[[0, 0]]))) / 2
                pairs[np.ix_(out, out)] += both
    with np.errstate(invalid="ignore"):
        return right / tried, concordant, pairs


def _discriminants(cues: np.ndarray, dealings: np.ndarray) -> np.ndarray:
    """Fisher's linear discriminant with ridge for every dealing, (b, d); NaN where an origin is missing."""
    ai = dealings.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mine, its = ai @ cues / ai.sum(1, keepdims=True), (1 - ai) @ cues / (1 - ai).sum(1, keepdims=True)
    n, d = cues.shape
    share = ai.mean(axis=1)[:, None, None]
    moments = cues.T @ cues / max(n, 1)
    within = moments - share * _squared(mine) - (1 - share) * _squared(its) + _RIDGE * np.eye(d)
    missing = ~np.isfinite(mine + its).all(axis=1)
    within[missing] = np.eye(d)
    return np.linalg.solve(within, (mine - its)[:, :, None])[:, :, 0]


def _squared(vectors: np.ndarray) -> np.ndarray:
    return vectors[:, :, None] * vectors[:, None, :]


def _divisions(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Divisions of all groups into folds as equal as can be, (DIVISIONS, n)."""
    count = groups.max() + 1
    folds = min(FOLDS, max(count // 2, 2))
    return np.stack([(rng.permutation(count) % folds)[groups] for _ in range(DIVISIONS)])


def _dealt(machine: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The origins dealt anew: within groups that have both, else among groups of one size, as wholes."""
    dealt, pure = machine.copy(), {}
    for group in range(groups.max() + 1):
        of = np.flatnonzero(groups == group)
        if machine[of].any() and not machine[of].all():
            dealt[of] = rng.permutation(machine[of])
        else:
            pure.setdefault(len(of), []).append(of)
    for alike in pure.values():
        for of, origin in zip(alike, rng.permutation([machine[of[0]] for of in alike]), strict=True):
            dealt[of] = origin
    return dealt


def _ranked(values: np.ndarray) -> np.ndarray:
    """Ranks of mean 0 and variance 1; 0 where there is no value, or only one."""
    ranks, known = np.zeros(len(values)), np.isfinite(values)
    if known.any() and np.ptp(values[known]) > 0:
        ranks[known] = rankdata(values[known])
        ranks[known] -= ranks[known].mean()
        ranks /= ranks.std()
    return ranks


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 3) if len(known) else None


def _correct(cues: list[dict]) -> None:
    """Adds Holm's p-value (1979) over the cues that have one."""
    tested = sorted((cue for cue in cues if cue["p"] is not None), key=lambda cue: cue["p"])
    worst = 0.0
    for rank, cue in enumerate(tested):
        worst = max(worst, min(1.0, cue["p"] * (len(tested) - rank)))
        cue["p_holm"] = worst


# --- what stands in the training music ----------------------------------------------------------------------


def _copies(clips: Sequence[Clip]) -> list[dict]:
    """Clips and prompts of which so much stands in the training music that it is no chance."""
    found, seen = [], set()
    for clip in clips:
        for what, of in (("clip", "copied"), ("prompt", "prompt_copied")):
            notes, share = clip.facts.get(f"{of}_notes") or 0, clip.facts.get(f"{of}_share") or 0.0
            name = clip.prompt if what == "prompt" else clip.id
            if stands_in_training(notes, share) and (what, name) not in seen:
                seen.add((what, name))
                origin = None if what == "prompt" else clip.origin
                found.append({"what": what, "id": name, "origin": origin, "notes": notes, "share": share})
    return found


# --- sentences ----------------------------------------------------------------------------------------------


def _warnings(found: dict) -> list[str]:
    sentences = [_told(name, part["details"][name], part["clips"], system)
                 for system, part in [(None, found), *found["systems"].items()]
                 for name, _ in part["cues"] if part["details"][name]["verdict"] == "telling"]
    for one in found["copies"]:
        who = {"ai": "The machine's clip", "human": "The human clip", None: "The prompt"}[one["origin"]]
        does = "copies" if one["origin"] == "ai" else "also lies in"
        sentences.append(f"{who} '{one['id']}' {does} the training music: {one['notes']} notes in a row, "
                         f"{one['share']:.0%} of its melody.")
    if missing := found["clips"]["without_facts"]:
        sentences.append(f"The audit leaves out {missing} clip{'s' if missing > 1 else ''} of which nothing "
                         "was measured when built; under another slug the study is built anew.")
    return sentences


def _told(name: str, cue: dict, clips: dict, system: str | None) -> str:
    low, high = cue["ci95"]
    alone = "All cues together tell" if name == TOGETHER else f"The {name} alone tells"
    chance = "" if cue["p"] <= 0.05 else (f"; with {clips['prompts']} prompts chance alone goes up to "
                                           f"{cue['chance95']:.2f}")
    means = ("" if name == TOGETHER else
             f" The means are {cue['ai']:g} (machine) and {cue['human']:g} (people).".replace("  ", " "))
    whose = "the machine's clips" if system is None else f"the clips of '{system}'"
    return (f"{alone} {whose} from people's with an AUC of {cue['auc']:.2f} "
            f"(95% interval {low:.2f} to {high:.2f}, p = {cue['p']:.3f}{chance}).") + means


def _verdict(found: dict) -> str:
    details = found["details"].values()
    if not details:
        return "There is nothing to compare: an audit needs clips of both origins, on two prompts at least."
    telling = sum(one["verdict"] == "telling" for one in details)
    together = "All systems' clips taken together: " if found["systems"] else ""
    told = (f"{telling} of {len(details)} cues tell who wrote a clip; see the warnings." if telling else
            "no cue tells who wrote a clip, but there are too few clips to be sure of it."
            if any(one["verdict"] != "silent" for one in details) else "no cue tells who wrote a clip.")
    return together + (told if together else told[0].upper() + told[1:]) + _verdict_of_each(found["systems"])


def _verdict_of_each(systems: dict[str, dict]) -> str:
    """What is said of systems alone, after all of them together."""
    given_away = [f"'{name}'" for name, part in systems.items()
                  if any(one["verdict"] == "telling" for one in part["details"].values())]
    if given_away:
        return f" Alone, {', '.join(given_away)} can be told by a cue; see the warnings."
    if any(one["verdict"] != "silent" for part in systems.values() for one in part["details"].values()):
        return " Of each system alone there are too few clips to be sure."
    return " No system alone can be told by a cue." if systems else ""
