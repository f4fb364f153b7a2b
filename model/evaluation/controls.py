"""Whether wishes are obeyed: music from nothing, by the players of held-out pieces, with and without a wish.

Who plays and at what tempo comes from a piece, so that it tells the same with and without the wish. A density
is obeyed when the notes a bar come near what was asked for; a style when a classifier that has learnt the
styles from people's music hears it more often than where it was not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from model.compound.events import STYLES, style_of
from model.evaluation import intervals
from model.evaluation.continuations import Progress
from model.evaluation.distances import number
from model.evaluation.features import Features, features
from model.evaluation.passage import Passage, passage
from model.evaluation.prepared import Prepared
from model.evaluation.takes import side_by_side
from model.generator import Generator, Take
from model.plan import played_by
from model.score import count_bars, cut_bars
from model.settings import Settings, Start

BARS = 8
DENSITIES = (4, 8, 16, 32)      # notes a bar
NEAR = 1.5                      # as many times more or less counts as near
OBEYED = 0.5                    # share of takes near the density that was asked for
LEAST = 12                      # held-out pieces below which a style is not asked for
PLAYERS = 16


def controls(generator: Generator, data: Prepared, settings: Settings, pieces: int = 24, seed: int = 0,
             progress: Progress = lambda what, done, total: None) -> dict | None:
    """How far each wish of the system is obeyed; None where it takes none.

    density: `near`, the share of takes whose notes a bar are within a factor NEAR of those asked for, the
    same without the wish (`near_unasked`), and Spearman's rank correlation of asked and played. style:
    `heard`, the share of takes that the classifier puts into the style asked for; without the wish
    (`heard_unasked`); of people's own music (`heard_human`, cross-validated). players: the share of chosen
    instruments that play. Intervals are 95% bootstraps over pieces. `obeyed`: a density is near in OBEYED of
    the takes, a style is heard more often when asked for, both with a gain whose interval leaves out 0.
    """
    if not generator.layout.styles:
        return None
    chosen = _pieces(data, np.random.default_rng([seed, 1]), max(pieces, 12) * 12, progress)
    starts = [start for _, start, _ in chosen[:pieces]]
    rng = np.random.default_rng([seed, 2])
    styled = [one for one in chosen if one[0]][:pieces]

    def ask(start: Start, piece: int, **wishes: object) -> tuple[Start, Settings]:
        own = (seed + 7919 * piece) % 2**31
        return start, replace(settings, bars=BARS, seed=own, whistle=False, **wishes)

    plain = [ask(start, i) for i, start in enumerate(starts)]
    wished = [ask(start, i, density=density) for i, start in enumerate(starts) for density in DENSITIES]
    free = [ask(start, i) for i, (_, start, _) in enumerate(styled)]
    named = [ask(start, i, style=style) for i, (style, start, _) in enumerate(styled)]
    made = _play(generator, [*plain, *wished, *free, *named], progress)
    cuts = np.cumsum([len(plain), len(wished), len(free)])
    first, second, third, fourth = (made[a:b] for a, b in zip([0, *cuts], [*cuts, len(made)], strict=True))
    return {"density": _density(first, second, rng), "players": _players([*first, *second], starts, rng),
            "style": _style(chosen, styled, third, fourth, rng)}


def _pieces(data: Prepared, rng: np.random.Generator, most: int,
            progress: Progress) -> list[tuple[str, Start, Features]]:
    """Held-out pieces: their style ("" where it is too rare), players and tempo, and the features of BARS
    bars from their fifth on."""
    found = []
    order = rng.permutation(len(data.rows))
    for done, i in enumerate(order[:most], 1):
        row = data.rows[i]
        score = data.score(row)
        if count_bars(score) < 4 + BARS:
            continue
        part = cut_bars(score, 4, 4 + BARS)
        players = played_by(part)
        if not 0 < len(players) <= PLAYERS:
            continue
        tempo = float(np.clip(60e6 / part.tempos[0].mspq, 40, 250))
        start = Start(tuple(sorted(players)), tempo)
        found.append((_style_of(row.dataset), start, features(passage(part, BARS))))
        progress("Reading held-out music", done, min(most, len(order)))
    counts = {style: sum(one[0] == style for one in found) for style in {one[0] for one in found}}
    return [(style if counts[style] >= LEAST else "", *rest) for style, *rest in found]


def _style_of(dataset: str) -> str:
    style = style_of(dataset)
    return STYLES[style] if style else ""


def _play(generator: Generator, asked: Sequence[tuple[Start, Settings]], progress: Progress) -> list[Passage]:
    """The passages of so many takes."""
    def play(start: Start, settings: Settings) -> Passage:
        [take] = [event for event in generator.stream(start, settings) if isinstance(event, Take)]
        return passage(take.score, BARS)

    return side_by_side(generator, play, asked, lambda done, total: progress("Playing wishes", done, total))


def _density(plain: list[Passage], wished: list[Passage], rng: np.random.Generator) -> dict:
    asked = np.tile(DENSITIES, (len(plain), 1))
    got = np.array([len(part.notes) / BARS for part in wished]).reshape(asked.shape)
    unasked = np.array([len(part.notes) / BARS for part in plain])[:, None]
    near, base = _near(got, asked).mean(axis=1), _near(unasked, asked).mean(axis=1)
    gain = intervals.percentile(intervals.weights(len(near), rng) @ (near - base) / len(near))
    correlation = float(spearmanr(asked.ravel(), got.ravel()).statistic)
    return {"asked": list(DENSITIES), "played": [number(value, 1) for value in np.median(got, axis=0)],
            "takes": int(got.size), "near": number(near.mean()), "near_unasked": number(base.mean()),
            "gain_ci95": gain, "spearman": number(correlation),
            "obeyed": bool(near.mean() >= OBEYED and gain is not None and gain[0] > 0)}


def _near(got: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return (got <= NEAR * asked) & (got >= asked / NEAR)


def _players(made: list[Passage], starts: Sequence[Start], rng: np.random.Generator) -> dict:
    """Takes of `made`: one of each start, then one of each start and density in turn."""
    whose = [*range(len(starts)), *(i for i in range(len(starts)) for _ in DENSITIES)]
    shares = np.zeros(len(starts))
    for i, part in zip(whose, made, strict=True):
        playing = set(part.notes[:, 2].tolist())
        shares[i] += len(playing & set(starts[i].programs)) / len(starts[i].programs) / (1 + len(DENSITIES))
    interval = intervals.percentile(intervals.weights(len(shares), rng) @ shares / len(shares))
    return {"takes": len(made), "play": number(shares.mean()), "ci95": interval,
            "obeyed": bool(shares.mean() >= OBEYED)}


def _style(chosen: list[tuple[str, Start, Features]], styled: list[tuple[str, Start, Features]],
           free: list[Passage], named: list[Passage], rng: np.random.Generator) -> dict:
    learnt = [(style, one) for style, _, one in chosen if style]
    names = sorted({style for style, _ in learnt})
    if len(names) < 2 or not styled:
        return {"styles": names, "takes": 0, "obeyed": False}
    table = np.array([list(one.scalars.values()) for _, one in learnt], float)
    truth = np.array([names.index(style) for style, _ in learnt])
    human = np.zeros(len(truth), bool)
    for fold in np.array_split(rng.permutation(len(truth)), 5):
        kept = np.setdiff1d(np.arange(len(truth)), fold)
        human[fold] = _learner().fit(table[kept], truth[kept]).predict(table[fold]) == truth[fold]
    # A style is judged by ears that have not heard the piece whose players play it.
    own = {id(one): i for i, (_, one) in enumerate(learnt)}
    mine = [own[id(one)] for _, _, one in styled]
    others = np.setdiff1d(np.arange(len(truth)), mine)
    ears = _learner().fit(table[others], truth[others])
    wanted = truth[mine]

    def heard(parts: list[Passage]) -> np.ndarray:
        told = np.array([list(features(part).scalars.values()) for part in parts], float)
        return (ears.predict(told) == wanted).astype(float)

    asked, unasked = heard(named), heard(free)
    gain = intervals.percentile(intervals.weights(len(wanted), rng) @ (asked - unasked) / len(wanted))
    return {"styles": names, "takes": len(named), "heard": number(asked.mean()),
            "heard_unasked": number(unasked.mean()), "heard_human": number(human.mean()), "gain_ci95": gain,
            "obeyed": bool(gain is not None and gain[0] > 0)}


def _learner():
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True),
                         RandomForestClassifier(200, class_weight="balanced", random_state=0))
