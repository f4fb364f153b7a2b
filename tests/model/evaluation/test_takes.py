"""A network that plays what the composer wrote cannot be told from the composer; takes are kept."""

import numpy as np
import pytest

from model import checkpoint
from model.evaluation import takes
from model.evaluation.passage import passage
from model.evaluation.pieces import held_out
from model.generator import Generator
from model.score import cut_bars
from model.settings import Settings

LIVELY = Settings(temperature=1.0, top_k=0, no_repeat_ngram=0)


@pytest.fixture(scope="module")
def pieces(prepared_events):
    return held_out(prepared_events, 3, split="train", prompt_bars=4, bars=4)


class _Faithful:
    """In the place of the workers: the steps that the composer's bars are."""

    count = 1

    def __init__(self, layout, piece):
        self.layout, self.piece = layout, piece

    def admit(self, takes):
        pass

    def run(self, job, *_):
        # Whatever stands after the prompt once the whole is said in steps.
        whole, prompt = self._steps(self.piece.score), self._steps(self.piece.prompt)
        return whole[len(prompt):], True

    def _steps(self, score):
        steps = self.layout.piece(score)[:-1]       # less the end
        return steps if steps.ndim == 2 else steps[1:]

    def close(self):
        pass


@pytest.mark.parametrize("system", ["tiny", "tiny_events"])
def test_nothing_but_the_music_tells_people_from_machines(system, pieces, request, monkeypatch):
    folder = request.getfixturevalue(system)
    layout = checkpoint.load_layout(folder)
    for piece in pieces:
        with Generator(folder, workers=1) as generator:
            monkeypatch.setattr(generator, "_pool", _Faithful(layout, piece))
            [made] = takes.machine(generator, [piece], LIVELY)
        theirs = takes.human(layout, piece)
        mine, human = passage(made.score, 4), passage(theirs, 4)
        assert len(human.notes) > 10
        assert mine.notes.tolist() == human.notes.tolist() and mine.lines.tolist() == human.lines.tolist()


def test_the_human_continuation_is_the_pieces_own(tiny_events, pieces):
    layout = checkpoint.load_layout(tiny_events)
    for piece in pieces:
        own = passage(cut_bars(piece.score, 4, 8), 4).notes
        heard = passage(takes.human(layout, piece), 4).notes
        assert heard[:, [0, 2, 3]].tolist() == own[:, [0, 2, 3]].tolist()
        assert np.abs(heard[:, 4] - own[:, 4]).max() <= 2, "velocities are quantised"


def test_takes_are_kept_and_read_again(tiny_events, pieces, tmp_path, monkeypatch):
    with Generator(tiny_events, workers=1) as generator:
        made = takes.machine(generator, pieces, LIVELY, tmp_path)
        monkeypatch.setattr(generator, "stream", lambda *_: pytest.fail("a kept take was made again"))
        again = takes.machine(generator, pieces, LIVELY, tmp_path)
        for one, other in zip(made, again, strict=True):
            assert passage(one.score, 4).notes.tolist() == passage(other.score, 4).notes.tolist()
            for name in ("faults", "first_faults", "retried", "complete", "notes", "tokens", "elapsed_s"):
                assert getattr(one, name) == getattr(other, name)
        assert len({passage(one.score, 4).notes.tobytes() for one in made}) == 3
        with pytest.raises(pytest.fail.Exception):
            takes.machine(generator, pieces, Settings(temperature=0.9), tmp_path)


def test_a_damaged_kept_take_is_made_again(tiny_events, pieces, tmp_path):
    with Generator(tiny_events, workers=1) as generator:
        [made] = takes.machine(generator, pieces[:1], LIVELY, tmp_path)
        [path] = (tmp_path / "takes").iterdir()
        path.write_text("{")
        [again] = takes.machine(generator, pieces[:1], LIVELY, tmp_path)
    assert passage(made.score, 4).notes.tolist() == passage(again.score, 4).notes.tolist()


def test_a_retried_take_tells_its_first_faults(tiny_events, pieces, monkeypatch):
    found = iter([("empty",), ("stuck",)])
    monkeypatch.setattr("model.generator.faults", lambda *_: next(found))
    with Generator(tiny_events, workers=1) as generator:
        [made] = takes.machine(generator, pieces[:1], LIVELY)
    assert (made.faults, made.first_faults, made.retried) == (("stuck",), ("empty",), True)
