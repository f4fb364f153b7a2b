"""Whether wishes are obeyed, in music from nothing and in continuations of held-out pieces.

Everything is made twice, with a wish and without it, by the same players at the same tempo or after the same
bars, so that what is told is the wish alone. A density is obeyed when the notes a bar come near it; a style
when a classifier that has learnt the styles from people's music hears it; a choice of players when they play.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from symusic import Score

from model.compound.events import STYLES, style_of
from model.evaluation import intervals
from model.evaluation.continuations import Progress
from model.evaluation.distances import number
from model.evaluation.features import Features, features
from model.evaluation.passage import PROGRAM, Passage, passage
from model.evaluation.prepared import Prepared, Row
from model.evaluation.takes import side_by_side
from model.generator import Generator, Take
from model.instruments import DRUMS
from model.plan import played_by
from model.score import count_bars, cut_bars
from model.settings import Settings, Start

BARS = 8
BEFORE = 4                      # bars of a piece that are continued
DENSITIES = (4, 8, 16, 32)      # notes a bar
NEAR = 1.5                      # as many times more or less counts as near
OBEYED = 0.5                    # share of takes that do what was asked
LEAST = 12                      # held-out pieces below which a style is not asked for
PLAYERS = 16


@dataclass(frozen=True)
class _Piece:
    """style: "" where it is too rare. start: its players and tempo; prompt: its first bars; heard: what the
    BARS bars after them are like."""

    style: str
    start: Start
    prompt: Score
    heard: Features


def controls(generator: Generator, data: Prepared, settings: Settings, pieces: int = 24, seed: int = 0,
             progress: Progress = lambda what, done, total: None) -> dict | None:
    """How far each wish of the system is obeyed, one take each; None where it takes none.

    {wish: {"nothing", "prompt", "obeyed"}} of density, style and players, these from nothing alone. Either
    part has `takes`; `done`, the share of them that do what was asked: notes a bar within a factor NEAR, the
    style heard, the share of chosen players that play; `unasked`, the same share of takes without the wish;
    `gain_ci95`, a 95% bootstrap over pieces of their difference (of players: of `done`); and `obeyed`: done
    is OBEYED at least, and no chance gain. A wish is obeyed where both parts are. Densities have `asked`,
    the median `played`, and Spearman's rank correlation of both; styles, those of other pieces at random,
    `styles` and `human`, the share of people's own music in which the classifier hears its style.
    """
    if not generator.layout.styles:
        return None
    known = _pieces(data, np.random.default_rng([seed, 1]), max(pieces, 12) * 12, progress)
    asked = known[:pieces]
    names = sorted({one.style for one in known} - {""})
    rng = np.random.default_rng([seed, 2])
    wanted = [_suited(one, known, rng) for one in asked] if len(names) > 1 else []
    wishes = [[{}] * len(asked), *([{"density": density}] * len(asked) for density in DENSITIES),
              [{"style": style} for style in wanted]]
    made = {}
    for how in ("nothing", "prompt"):
        jobs = [(one.start if how == "nothing" else one.prompt,
                 replace(settings, bars=BARS, prompt_bars=BEFORE, seed=(seed + 7919 * i) % 2**31, best_of=1,
                         whistle=False, **wish))
                for row in wishes for i, (one, wish) in enumerate(zip(asked, row, strict=False))]
        takes = _play(generator, jobs, partial(progress, f"Playing wishes, from {how}"))
        made[how] = [takes[first:stop] for first, stop in pairwise(np.cumsum([0, *map(len, wishes)]))]
    ears = _Ears(known, asked, names, rng)
    parts = {
        "density": {how: _density(rows[0], rows[1:-1], rng) for how, rows in made.items()},
        "style": {how: ears.hear(rows[0], rows[-1], wanted, rng) for how, rows in made.items() if wanted},
        "players": {"nothing": _players(made["nothing"][0], asked, rng)},
    }
    return {wish: {**both, "obeyed": bool(both) and all(part["obeyed"] for part in both.values())}
            for wish, both in parts.items()}


def _pieces(data: Prepared, rng: np.random.Generator, most: int, progress: Progress) -> list[_Piece]:
    """Held-out pieces, in random order."""
    found = []
    order = rng.permutation(len(data.rows))[:most]
    for done, i in enumerate(order, 1):
        progress("Reading held-out music", done, len(order))
        score = data.score(data.rows[i])
        if count_bars(score) < BEFORE + BARS:
            continue
        prompt, part = cut_bars(score, 0, BEFORE), cut_bars(score, BEFORE, BEFORE + BARS)
        players = played_by(part)
        if not 0 < len(players) <= PLAYERS or not prompt.note_num():
            continue
        tempo = float(np.clip(60e6 / part.tempos[0].mspq, 40, 250))
        found.append(_Piece(_style_of(data.rows[i]), Start(tuple(sorted(players)), tempo), prompt,
                            features(passage(part, BARS))))
    styles = [one.style for one in found]
    return [one if styles.count(one.style) >= LEAST else replace(one, style="") for one in found]


def _suited(piece: _Piece, known: Sequence[_Piece], rng: np.random.Generator) -> str:
    """A style, at random, of pieces that have drums, and others, if and only if this one has."""
    def kind(one: _Piece) -> tuple[bool, bool]:
        return DRUMS in one.start.programs, any(program != DRUMS for program in one.start.programs)

    styled = [one for one in known if one.style]
    alike = [one.style for one in styled if kind(one) == kind(piece)] or [one.style for one in styled]
    return str(rng.choice(sorted(set(alike))))


def _style_of(row: Row) -> str:
    style = style_of(row.dataset)
    return STYLES[style] if style else ""


def _play(generator: Generator, jobs: Sequence[tuple[Start | Score, Settings]],
          progress: Callable[[int, int], None]) -> list[Passage]:
    """The new bars of so many takes."""
    def play(origin: Start | Score, settings: Settings) -> Passage:
        [take] = [event for event in generator.stream(origin, settings) if isinstance(event, Take)]
        return passage(cut_bars(take.score, take.seam_bar, take.seam_bar + BARS), BARS)

    return side_by_side(generator, play, jobs, progress)


def _part(done: np.ndarray, unasked: np.ndarray, takes: int, rng: np.random.Generator) -> dict:
    """Of shares (pieces,) with the wish and without it."""
    gain = intervals.percentile(intervals.weights(len(done), rng) @ (done - unasked) / len(done))
    return {"takes": takes, "done": number(done.mean()), "unasked": number(unasked.mean()), "gain_ci95": gain,
            "obeyed": bool(done.mean() >= OBEYED and gain is not None and gain[0] > 0)}


def _density(plain: list[Passage], wished: list[list[Passage]], rng: np.random.Generator) -> dict:
    got = np.array([[len(part.notes) / BARS for part in row] for row in wished]).T
    unasked = np.array([len(part.notes) / BARS for part in plain])[:, None]
    asked = np.broadcast_to(DENSITIES, got.shape)
    return {**_part(_near(got, asked).mean(axis=1), _near(unasked, asked).mean(axis=1), got.size, rng),
            "asked": list(DENSITIES), "played": [number(value, 1) for value in np.median(got, axis=0)],
            "spearman": number(spearmanr(asked.ravel(), got.ravel()).statistic)}


def _near(got: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return (got <= NEAR * asked) & (got >= asked / NEAR)


def _players(made: list[Passage], asked: Sequence[_Piece], rng: np.random.Generator) -> dict:
    done = np.array([len(set(part.notes[:, PROGRAM].tolist()) & set(one.start.programs))
                     / len(one.start.programs) for part, one in zip(made, asked, strict=True)])
    return {**_part(done, np.zeros(len(done)), len(made), rng), "unasked": None}


class _Ears:
    """A classifier of styles that has not heard the pieces by whose players or after which they are asked."""

    def __init__(self, known: Sequence[_Piece], asked: Sequence[_Piece], names: Sequence[str],
                 rng: np.random.Generator) -> None:
        self.names = list(names)
        if len(names) < 2:
            return
        styled = [one for one in known if one.style]
        table = np.array([_numbers(one.heard) for one in styled], float)
        truth = np.array([one.style for one in styled])
        heard = np.zeros(len(truth), bool)
        for fold in np.array_split(rng.permutation(len(truth)), 5):
            kept = np.setdiff1d(np.arange(len(truth)), fold)
            heard[fold] = _learner().fit(table[kept], truth[kept]).predict(table[fold]) == truth[fold]
        self.human = float(heard.mean())
        others = [i for i, one in enumerate(styled) if not any(one is mine for mine in asked)]
        self.forest = _learner().fit(table[others], truth[others])

    def hear(self, plain: list[Passage], named: list[Passage], wanted: Sequence[str],
             rng: np.random.Generator) -> dict:
        """Whether takes of styles that were asked for sound like them, and those without a wish do."""
        done, unasked = (
            (self.forest.predict(np.array([_numbers(features(part)) for part in parts], float))
             == np.array(wanted)).astype(float) for parts in (named, plain))
        return {**_part(done, unasked, len(named), rng), "styles": self.names, "human": number(self.human)}


def _numbers(heard: Features) -> list[float]:
    return list(heard.scalars.values())


def _learner():
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True),
                         RandomForestClassifier(200, class_weight="balanced", random_state=0))
