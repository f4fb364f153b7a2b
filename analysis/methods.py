"""A methods and results section, ready for a paper: from the design and the numbers of one study. Pure.

Only what the data or the study file say is said; what they leave open is left out. Works are cited by number,
in the order of their first mention.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from importlib.metadata import version

import pandas as pd

from analysis.answers import Answers
from analysis.detection import TWO_WAY
from analysis.plan import say
from analysis.record import Document, Record
from analysis.wording import Results, is_simulated, p_value

WORKS = {
    "williams": "Williams, E. J. (1949). Experimental designs balanced for the estimation of residual "
    "effects of treatments. Australian Journal of Scientific Research A, 2, 149–168.",
    "loudness": "ITU-R (2015). Recommendation BS.1770-4: Algorithms to measure audio programme loudness and "
    "true-peak audio level.",
    "clopper": "Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits "
    "illustrated in the case of the binomial. Biometrika, 26, 404–413.",
    "liang": "Liang, K.-Y., & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear "
    "models. Biometrika, 73, 13–22.",
    "schuirmann": "Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the "
    "power approach for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics "
    "and Biopharmaceutics, 15, 657–680.",
    "hautus": "Hautus, M. J. (1995). Corrections for extreme proportions and their biasing effects on "
    "estimated values of d′. Behavior Research Methods, Instruments, & Computers, 27, 46–51.",
    "baayen": "Baayen, R. H., Davidson, D. J., & Bates, D. M. (2008). Mixed-effects modeling with crossed "
    "random effects for subjects and items. Journal of Memory and Language, 59, 390–412.",
    "owen": "Owen, A. B., & Eckles, D. (2012). Bootstrapping data arrays of arbitrary order. Annals of "
    "Applied Statistics, 6, 895–927.",
    "satterthwaite": "Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance "
    "components. Biometrics Bulletin, 2, 110–114.",
    "arvesen": "Arvesen, J. N. (1969). Jackknifing U-statistics. Annals of Mathematical Statistics, 40, "
    "2076–2100.",
    "mccullagh": "McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal "
    "Statistical Society B, 42, 109–142.",
    "friedman": "Friedman, M. (1937). The use of ranks to avoid the assumption of normality implicit in the "
    "analysis of variance. Journal of the American Statistical Association, 32, 675–701.",
    "davidson": "Davidson, R. R. (1970). On extending the Bradley-Terry model to accommodate ties in paired "
    "comparison experiments. Journal of the American Statistical Association, 65, 317–328.",
    "krippendorff": "Krippendorff, K. (2019). Content analysis: An introduction to its methodology (4th "
    "ed.). SAGE.",
    "holm": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal "
    "of Statistics, 6, 65–70.",
}
CITED = re.compile(r"\[(" + "|".join(WORKS) + r")\]")
PACKAGES = ("numpy", "scipy", "pandas")


def methods(numbers: Results, data: Answers, beside: Record) -> str:
    """methods.md: participants, stimuli, procedure, analysis and results, a paragraph each; works cited."""
    parts = {
        "Participants": _participants(numbers),
        "Stimuli": _stimuli(numbers, data.stimuli, beside.study),
        "Procedure": _procedure(numbers, data, beside.study),
        "Analysis": _analysis(numbers, beside),
        "Results": _results(numbers),
    }
    text = "\n\n".join(f"**{name}.** {' '.join(sentences)}" for name, sentences in parts.items() if sentences)
    text, works = cited(text)
    warning = "SIMULATED: no person gave these answers. Not for publication as findings.\n\n"
    references = "\n".join(f"{number}. {work}" for number, work in enumerate(works, 1))
    return (
        f"# Methods and results\n\n{warning if is_simulated(numbers) else ''}{text}\n\n"
        f"## References\n\n{references}\n"
    )


def cited(text: str) -> tuple[str, list[str]]:
    """``text`` with its citations numbered in the order of their first mention, and the works.

    >>> cited("One [holm], two [liang], one again [holm].")[0]
    'One [1], two [2], one again [1].'
    """
    order = list(dict.fromkeys(CITED.findall(text)))
    numbered = CITED.sub(lambda found: f"[{order.index(found[1]) + 1}]", text)
    return numbered, [WORKS[name] for name in order]


def _participants(numbers: Results) -> list[str]:
    people = numbers["participants"]
    started, finished, analysed = (people[name] for name in ("started", "finished", "analysed"))
    told = [f"{number(started, 'person', 'people').capitalize()} started the study and {finished:,} "
        "finished it."]
    out = people["excluded"]
    if out:
        reasons = _listed(f"{reason}: {n:,}" for reason, n in out.items())
        told.append(
            f"{number(sum(out.values()), 'was', 'were', 'participant').capitalize()} excluded ({reasons}), "
            f"which leaves {analysed:,} for the analysis."
        )
    else:
        told.append("Nobody was excluded.")
    musicians = people["experience"]["musician"]
    if musicians["yes"] + musicians["no"]:
        told.append(
            f"Of those analysed, {musicians['yes']:,} said that they play an instrument, sing or make "
            f"music, and {musicians['no']:,} that they do not."
        )
    return told


def _stimuli(numbers: Results, clips: pd.DataFrame, study: Document | None) -> list[str]:
    counts = numbers["stimuli"]
    told = [
        f"The stimuli were {number(counts['n'], 'clip', 'clips')} of music, {counts['ai']:,} of them made "
        f"by a machine and {counts['human']:,} by people."
    ]
    lengths = clips["duration_s"].dropna()
    if len(lengths):
        told.append(f"Each lasted {_span(lengths, 's')}.")
    if study is not None:
        rules = study["clips"]
        bars = number(rules["prompt_bars"], "bar", "bars")
        heard = rules["lead_bars"]
        told.append(
            f"Both the machine's clips and people's continue the first {bars} of a piece, of which the last "
            f"{heard} were heard." if heard else
            f"Both the machine's clips and people's continue the first {bars} of a piece, which were not "
            "heard."
        )
    if clips["audio_sha256"].notna().any():
        told.append(
            "The human continuations went through the same path as the machine's: the same symbolic "
            "encoding and decoding, renderer, fades and audio codec."
        )
    loudness = clips["lufs"].dropna()
    if len(loudness):
        told.append(f"Loudness was matched to {_span(loudness, 'LUFS')} [loudness].")
    machine = clips[clips["origin"] == "ai"]
    for system, own in machine.groupby(machine["system"].fillna("(system not told)"), sort=True):
        weights = sorted({sha[:12] for sha in own["checkpoint_sha256"].dropna()})
        from_weights = f" (checkpoint SHA-256 {', '.join(weights)}…)" if weights else ""
        told.append(
            f"The system {system}{from_weights} made {number(len(own), 'clip', 'clips')}, sampled with "
            f"{_settings(own)}."
        )
    return told


def _settings(clips: pd.DataFrame) -> str:
    """'temperature 0.7 to 1.15, top-p 0.95'; settings that are switched off are left out."""
    names = {
        "temperature": ("temperature", None),
        "top_k": ("top-k", 0),
        "top_p": ("top-p", 1),
        "no_repeat_ngram": ("no repeated n-gram of", 0),
    }
    parts = []
    for column, (words, switched_off) in names.items():
        values = sorted(set(clips[column].dropna()))
        if values and values != [switched_off]:
            parts.append(f"{words} {_listed(f'{value:g}' for value in values)}")
    return ", ".join(parts) or "settings that were not recorded"


def _procedure(numbers: Results, data: Answers, study: Document | None) -> list[str]:
    told = []
    kinds = data.answers["kind"].value_counts()
    if kinds.get("pair", 0):
        told.append(
            "Participants heard pairs of clips and said which clip had been made by AI: the first, the "
            "second, both, neither, or “don’t know”."
        )
        same = {section.get("prompts") for section in (study or {}).get("sections", ()) if "pairs" in section}
        if same == {"same"}:
            told.append("Both clips of a pair continued the same prompt.")
        names = {"both_ai": "two AI clips", "both_human": "two human clips"}
        found = set(data.answers.loc[data.answers["kind"] == "pair", "condition"].dropna())
        if catch := [words for condition, words in names.items() if condition in found]:
            told.append(f"Some pairs were of {' or of '.join(catch)}.")
    if kinds.get("preference", 0):
        told.append("They also said which of two systems' continuations of one prompt they preferred.")
    labelled = data.answers["label"].notna().any()
    if kinds.get("rating", 0) and labelled:
        told.append(
            "They rated clips from 1 to 5, some without being told who had made them, some labelled, truly "
            "or falsely, as made by AI or by a person."
        )
    elif kinds.get("rating", 0):
        told.append("They rated clips from 1 to 5 without being told who had made them.")
    if kinds.get("open_rating", 0):
        told.append("They rated further clips that they knew to be made by AI.")
    trials = [section for section in (study or {}).get("sections", ()) if "order" in section]
    if trials and all(section["order"] == "shuffled" for section in trials):
        told.append(
            "Orders came from Latin squares balanced for first-order carry-over [williams]; sides were "
            "counterbalanced over participants."
        )
    if kinds.get("attention", 0):
        told.append("Some pages told participants what to answer, to check their attention.")
    if data.answers["repeat_of"].notna().any():
        told.append("Some pairs were heard a second time with sides swapped, to measure consistency.")
    if times := _minutes(data.participants):
        told.append(f"The median duration was {times:.0f} minutes.")
    if study is not None:
        told.append(f"To participants the study was called “{say(study['title'], study)}”.")
    return told


def _analysis(numbers: Results, beside: Record) -> list[str]:
    pairs, ratings = numbers["pairs"], numbers["ratings"]
    told = []
    if pairs["n_answers"]:
        told.append(
            "The primary outcome was the share of right answers among those that named one clip of a pair "
            "with exactly one AI clip, tested against 1/2 on the logit scale with standard errors clustered "
            "by participant [liang]; the exact binomial test and interval [clopper] are given beside it."
        )
        if "equivalence" in pairs:
            told.append(
                f"Equivalence with guessing was tested by two one-sided tests [schuirmann] with a margin of "
                f"{100 * numbers['margin']:g} percentage points around 50%."
            )
        told.append(
            "Sensitivity d′ was computed with the log-linear correction [hautus]; its interval comes from a "
            f"bootstrap over participants{' and clips [owen]' if _other_clips(pairs) else ''}."
        )
        if pairs.get("mixed_model"):
            told.append(
                "A mixed-effects logistic model had crossed random intercepts of participants and clips "
                "[baayen], its degrees of freedom Satterthwaite's [satterthwaite]."
            )
    if ratings["n_answers"]:
        told.append(
            "Mean ratings carry t intervals clustered by participant [liang]; agreement is Krippendorff's "
            "alpha for ordinal data [krippendorff], its interval a jackknife over participants and clips "
            "[arvesen]."
        )
        if (ratings.get("models") or {}).get("origin"):
            told.append(
                "Effects on ratings come from cumulative-link mixed models [mccullagh] with crossed random "
                "intercepts of participants and clips; settings and systems were also compared by "
                "Friedman's test [friedman] and signed-rank tests."
            )
    if numbers.get("preferences", {}).get("n_answers"):
        told.append("Preferences were ranked by the Bradley-Terry model with ties [davidson].")
    tests = numbers.get("tests")
    if tests and tests["families"]:
        held = sum(family["n"] for family in tests["families"].values())
        told.append(
            f"Of {number(tests['n'], 'test', 'tests')}, {held:,} in "
            f"{number(len(tests['families']), 'family', 'families')} were corrected by Holm's method [holm]."
        )
    bootstrap = numbers["bootstrap"]
    # Two one-sided tests at 5% go with the interval of 90%.
    ninety = ", but that of the equivalence test is of 90%" if pairs["n_answers"] else ""
    told.append(
        f"Bootstrap intervals rest on {bootstrap['resamples']:,} resamples (seed {bootstrap['seed']}); "
        f"intervals are of 95%{ninety}."
    )
    if beside.plan is not None:
        departed = len(numbers["plan"]["departures"])
        told.append(
            f"The analysis plan was frozen before the first participant, at {beside.plan['frozen_at']} "
            f"(SHA-256 {beside.plan_sha256}), with {number(departed, 'departure', 'departures')} from it."
        )
    else:
        told.append("The analysis was not planned in writing beforehand and is exploratory.")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    told.append(f"Computations were made with Segue on Python {platform.python_version()} ({packages}).")
    return told


def _other_clips(pairs: Results) -> bool:
    """Whether the interval of d′ holds for other clips, too."""
    return pairs["signal_detection"]["method"] == TWO_WAY


def _results(numbers: Results) -> list[str]:
    pairs, told = numbers["pairs"], []
    decided = pairs["decided"]
    if decided["n"]:
        clustered = decided.get("clustered") or decided
        low, high = clustered["ci95"] or decided["ci95"]
        test = clustered if clustered["p_value"] is not None else decided
        told.append(
            f"Of {number(decided['n'], 'decided answer', 'decided answers')} by "
            f"{number(decided['n_participants'], 'listener', 'listeners')}, {decided['correct']:,} were "
            f"right ({decided['accuracy']:.1%}, 95% CI {low:.1%} to {high:.1%}, {p_value(test['p_value'])})."
        )
        equal = pairs.get("equivalence")
        if equal and equal["p_value"] is not None:
            verdict = "was" if equal["equivalent"] else "was not"
            low, high = equal["ci90"]
            told.append(
                f"Equivalence with guessing {verdict} shown (90% CI {low:.1%} to {high:.1%}, "
                f"{p_value(equal['p_value'])})."
            )
    mixed = pairs.get("mixed_model")
    if mixed and mixed["accuracy_ci95"]:
        low, high = mixed["accuracy_ci95"]
        told.append(
            f"By the mixed model, a typical listener is right about a typical pair with a probability of "
            f"{mixed['accuracy']:.1%} (95% CI {low:.1%} to {high:.1%})."
        )
    sensed = pairs["signal_detection"]
    if sensed["d_prime"] is not None and sensed["ci95"]:
        low, high = sensed["ci95"]
        told.append(f"Sensitivity was d′ = {sensed['d_prime']:.2f} (95% CI {low:.2f} to {high:.2f}).")
    for name, part in numbers["ratings"]["by_system"].items():
        if part["ci95"]:
            low, high = part["ci95"]
            whose = "human clips" if name == "human" else f"clips by {name}"
            told.append(
                f"The mean rating of {whose} was {part['mean']:.2f} (95% CI {low:.2f} to {high:.2f}, "
                f"{number(part['n'], 'rating', 'ratings')})."
            )
    return told


def number(n: int, one: str, many: str, noun: str = "") -> str:
    """'1 clip', '12 clips'; with a noun the words are its verb: '1 participant was', '2 participants were'.

    >>> number(1, "was", "were", "participant"), number(1200, "clip", "clips")
    ('1 participant was', '1,200 clips')
    """
    if noun:
        return f"{n:,} {noun}{'' if n == 1 else 's'} {one if n == 1 else many}"
    return f"{n:,} {one if n == 1 else many}"


def _listed(parts: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def _span(values: pd.Series, unit: str) -> str:
    """'15 s' where all are alike to a tenth, else '14.5 to 15 s'."""
    low, high = round(float(values.min()), 1), round(float(values.max()), 1)
    # A minus sign as type sets it.
    text = f"{low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
    return text.replace("-", "−")


def _minutes(people: pd.DataFrame) -> float | None:
    """Median minutes of those who finished."""
    times = (people["finished_at"] - people["started_at"]).dropna()
    return times.median().total_seconds() / 60 if len(times) else None
