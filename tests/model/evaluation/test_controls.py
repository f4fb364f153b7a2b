"""A player who obeys is told from one who does what it likes."""

import numpy as np
import pytest
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.evaluation import controls as measured
from model.evaluation.controls import BARS, DENSITIES, controls
from model.generator import Take
from model.metre import TPQ
from model.score import normalise
from model.settings import Settings

# Who plays so many notes a bar, and how high, is of that style.
STYLES = {"rock": (8, 40), "song": (2, 90)}


def music(programs, notes: int, pitch: int, bars: int = BARS) -> Score:
    score = Score(TPQ)
    score.tempos.append(Tempo(0, qpm=120))
    score.time_signatures.append(TimeSignature(0, 4, 4))
    step = 4 * TPQ // notes
    for index, program in enumerate(programs):
        track = Track(program=0 if program == 128 else program, is_drum=program == 128)
        for onset in range(index, bars * notes, len(programs)):
            track.notes.append(Note(onset * step, step, pitch + onset % 5, 80))
        score.tracks.append(track)
    return normalise(score)


class _Row:
    def __init__(self, style: str, number: int) -> None:
        self.dataset, self.number = {"rock": "umd_rock", "song": "tiny_karaoke"}[style], number


class _Data:
    """Thirty pieces of each style."""

    rows = tuple(_Row(style, number) for style in STYLES for number in range(30))

    def score(self, row: _Row) -> Score:
        notes, pitch = STYLES["rock" if row.dataset == "umd_rock" else "song"]
        return music((0, 40), notes, pitch + row.number % 3, 12)


class _Player:
    """Plays as it is asked; `deaf`: whatever comes to mind."""

    workers = 2

    def __init__(self, deaf: bool, styles: tuple[str, ...] = ("rock", "song")) -> None:
        self.deaf, self.layout = deaf, type("Layout", (), {"styles": styles})

    def stream(self, start, settings):
        rng = np.random.default_rng(settings.seed)
        notes, pitch = STYLES[str(rng.choice(list(STYLES)))]
        if not self.deaf:
            notes, pitch = STYLES.get(settings.style, (notes, pitch))
            notes = settings.density or notes
        score = music(start.programs[:1] if self.deaf else start.programs, notes, pitch)
        yield Take(0, score, 0.0, 0, settings, (), False, True, "made up", "", 0, notes, 0.0)


@pytest.mark.parametrize("deaf", [False, True])
def test_obedience_is_heard(deaf):
    found = controls(_Player(deaf), _Data(), Settings(), pieces=12)
    density, style, players = found["density"], found["style"], found["players"]
    assert density["obeyed"] is style["obeyed"] is not deaf
    assert players["play"] == (0.5 if deaf else 1)
    assert style["styles"] == ["rock", "song"] and style["heard_human"] == 1
    if deaf:
        assert density["near"] == density["near_unasked"] and abs(density["spearman"]) < 1e-9
        assert style["heard"] == style["heard_unasked"] < 1
    else:
        assert density["near"] == 1 and density["spearman"] > 0.99 and density["played"] == list(DENSITIES)
        assert style["heard"] == 1 > style["heard_unasked"]


def test_a_system_without_wishes_has_nothing_to_obey():
    assert controls(_Player(False, ()), _Data(), Settings()) is None


def test_a_style_that_is_rare_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(measured, "LEAST", 31)
    found = controls(_Player(False), _Data(), Settings(), pieces=4)["style"]
    assert found == {"styles": [], "takes": 0, "obeyed": False}
