"""The best of several candidates is the take; the others stay with it. Real workers play a tiny network."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from model import generator as module
from model.candidates import ranked
from model.generator import GenerationError, Generator, Progress, Take
from model.judging import NAMES, Verdict
from model.score import write
from model.workers import WorkerError
from tests.model.takes import LIVELY, play

FOUR = replace(LIVELY, best_of=4, bars=2)


@pytest.fixture(scope="module")
def generator(tiny_events):
    with Generator(str(tiny_events), workers=2) as generator:
        yield generator


def totals(monkeypatch, *wanted: float) -> None:
    """The verdicts on candidates, in the order in which they are judged."""
    left = list(wanted)
    monkeypatch.setattr(module, "judge", lambda *_: Verdict(dict.fromkeys(NAMES, left.pop(0)), {}))


def test_the_take_is_the_best_of_its_candidates_and_the_others_stay(generator, music):
    take, = play(generator, music(), FOUR)
    assert len(take.rejected) == 3 and take.settings.best_of == 4
    assert sorted(one.settings.seed for one in (take, *take.rejected)) == [0, 1, 2, 3]
    ranks = [one.verdict.total for one in (take, *take.rejected)]
    assert ranks == sorted(ranks, reverse=True) and tuple(take.verdict.scores) == NAMES
    for one in (take, *take.rejected):
        plain, = play(generator, music(), replace(FOUR, best_of=1, seed=one.settings.seed))
        assert write(plain.score) == write(one.score), "a candidate is the take of its own seed"
        assert plain.verdict == one.verdict and plain.rejected == ()


def test_takes_of_one_request_share_no_seed(generator, music):
    takes = play(generator, music(), replace(FOUR, best_of=2, bars=1), takes=3)
    seeds = [sorted(one.settings.seed for one in (take, *take.rejected)) for take in takes]
    assert seeds == [[0, 3], [1, 4], [2, 5]]


def test_progress_is_that_of_all_candidates(generator, music):
    events = list(generator.stream(music(), FOUR, 1))
    *progress, take = events
    assert isinstance(take, Take) and all(isinstance(event, Progress) for event in progress)
    assert all(0 <= event.fraction <= 1 for event in progress)
    counted = [event.made for event in progress if event.candidates == 4]
    assert counted == sorted(counted) and counted[-1] == 4, "each is counted when it is done"
    assert max(event.notes for event in progress) > max(one.notes for one in (take, *take.rejected))


def test_of_equals_the_first_is_taken_and_a_faulty_one_only_where_all_are(generator, music, monkeypatch):
    totals(monkeypatch, 1.0, 1.0, 1.0, 1.0)
    take, = play(generator, music(), FOUR)
    assert take.settings.seed == 0
    told, guard = [("stuck",), (), ("empty",)], threading.Lock()

    def faults(score, bars):
        with guard:
            return told.pop(0)

    monkeypatch.setattr(module, "faults", faults)
    totals(monkeypatch, 1.0, 0.1, 1.0)
    take, = play(generator, music(), replace(FOUR, best_of=3))
    assert take.faults == () and take.verdict.total == pytest.approx(0.1) and not take.retried
    assert all(one.faults for one in take.rejected)


def test_where_all_are_faulty_one_more_is_made_and_the_others_stay(generator, music, monkeypatch):
    told = [("stuck",), ("empty",), ()]
    monkeypatch.setattr(module, "faults", lambda *_: told.pop(0))
    take, = play(generator, music(), replace(FOUR, best_of=2))
    assert take.retried and take.faults == () and take.settings.seed == 2 and take.first_faults
    assert sorted(one.settings.seed for one in take.rejected) == [0, 1]


def test_stopped_the_whole_ones_count(generator, music, monkeypatch):
    stop, run, guard = threading.Event(), generator._pool.run, threading.Lock()

    def run_and_stop(job, *more):
        result = run(job, *more)
        with guard:
            stop.set()
        return result

    monkeypatch.setattr(generator._pool, "run", run_and_stop)
    take, = play(generator, music(), replace(FOUR, best_of=8, bars=4), stop=stop)
    assert take.complete and len(take.rejected) < 7
    assert [one.complete for one in take.rejected] == sorted((one.complete for one in take.rejected),
                                                             reverse=True)


def test_one_candidate_that_could_not_be_made_does_not_lose_the_others(generator, music, monkeypatch):
    run = generator._pool.run

    def fail(job, *more):
        if job.seed in broken:
            raise WorkerError("The player fell over.")
        return run(job, *more)

    monkeypatch.setattr(generator._pool, "run", fail)
    broken = {0, 2}
    take, = play(generator, music(), FOUR)
    assert sorted(one.settings.seed for one in (take, *take.rejected)) == [1, 3]
    broken = {0, 1, 2, 3}
    with pytest.raises(GenerationError, match="The player fell over"):
        play(generator, music(), FOUR)


def test_what_slips_comes_after_what_does_not():
    def take(total, slips=(), faults=()):
        verdict = SimpleNamespace(total=total)
        return SimpleNamespace(complete=True, faults=faults, slips=slips, verdict=verdict)

    good, slipping, stuck = take(0.2), take(0.9, ("hanging",)), take(1.0, (), ("stuck",))
    assert ranked([stuck, slipping, good]) == [good, slipping, stuck]
