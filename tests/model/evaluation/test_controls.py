"""A player who obeys is told from one who does what it likes."""

from dataclasses import replace

import numpy as np
import pytest
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.evaluation import controls as measured
from model.evaluation import report
from model.evaluation.controls import BARS, DENSITIES, controls
from model.generator import Take
from model.metre import TPQ
from model.score import normalise
from model.settings import Settings, Start

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
    """Plays as it is asked, after as many bars as it continues; `deaf`: whatever comes to mind."""

    workers = 2

    def __init__(self, deaf: bool, styles: tuple[str, ...] = ("rock", "song")) -> None:
        self.deaf, self.layout, self.asked = deaf, type("Layout", (), {"styles": styles}), []

    def stream(self, origin, settings):
        self.asked.append(settings)
        rng = np.random.default_rng(settings.seed)
        notes, pitch = STYLES[str(rng.choice(list(STYLES)))]
        if not self.deaf:
            notes, pitch = STYLES.get(settings.style, (notes, pitch))
            notes = settings.density or notes
        before = 0 if isinstance(origin, Start) else settings.prompt_bars
        programs = origin.programs if isinstance(origin, Start) else (0, 40)
        score = music(programs[:1] if self.deaf else programs, notes, pitch, before + BARS)
        yield Take(0, score, 0.0, before, settings, (), False, True, "made up", "", 0, notes, 0.0)


@pytest.mark.parametrize("deaf", [False, True])
def test_obedience_is_heard(deaf):
    player = _Player(deaf)
    found = controls(player, _Data(), Settings(best_of=4), pieces=12)
    density, style, players = found["density"], found["style"], found["players"]
    assert density["obeyed"] is style["obeyed"] is not deaf
    assert players["nothing"]["done"] == (0.5 if deaf else 1) and set(players) == {"nothing", "obeyed"}
    for part in (density[how] for how in ("nothing", "prompt")):
        assert part["takes"] == 12 * len(DENSITIES) and part["asked"] == list(DENSITIES)
        if deaf:
            assert part["done"] == part["unasked"] and abs(part["spearman"]) < 1e-9 and not part["obeyed"]
        else:
            assert part["done"] == 1 and part["spearman"] > 0.99 and part["played"] == list(DENSITIES)
    for part in (style[how] for how in ("nothing", "prompt")):
        assert part["styles"] == ["rock", "song"] and part["human"] == 1 and part["takes"] == 12
        assert part["done"] == part["unasked"] < 1 if deaf else part["done"] == 1 > part["unasked"]
    assert {one.best_of for one in player.asked} == {1}, "a wish is judged by one take"


def test_a_wish_that_is_obeyed_from_nothing_alone_is_not_obeyed(monkeypatch):
    player = _Player(False)
    stream = player.stream
    monkeypatch.setattr(player, "stream", lambda origin, settings: stream(
        origin, settings if isinstance(origin, Start) else replace(settings, density=0)))
    density = controls(player, _Data(), Settings(), pieces=12)["density"]
    assert density["nothing"]["obeyed"] and not density["prompt"]["obeyed"] and density["obeyed"] is False


def test_a_system_without_wishes_has_nothing_to_obey():
    assert controls(_Player(False, ()), _Data(), Settings()) is None


def test_a_style_that_is_rare_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(measured, "LEAST", 31)
    player = _Player(False)
    assert controls(player, _Data(), Settings(), pieces=4)["style"] == {"obeyed": False}
    assert {one.style for one in player.asked} == {""}


def test_the_report_says_what_was_asked_and_what_was_done():
    found = controls(_Player(True), _Data(), Settings(), pieces=12)
    results = {"checkpoint": "made up", "checkpoint_sha256": "", "controls": found}
    page = report.render(results)
    assert "Does it do what it is asked?" in page and page.count(", continuing") == 2
    for part in (found["density"]["prompt"], found["style"]["nothing"], found["players"]["nothing"]):
        assert f"<td>{100 * part['done']:.0f}%</td>" in page
    assert "Does it do" not in report.render({**results, "controls": None})
