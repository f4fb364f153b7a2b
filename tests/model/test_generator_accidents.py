"""Takes are made once more, stopped when asked, and made in spite of accidents.

Real worker processes play a tiny network of random weights.
"""

import contextlib
import threading
import time
from collections import defaultdict
from dataclasses import replace

import numpy as np
import psutil
import pytest
from symusic import Score

from model import generator as module
from model.generator import GenerationError, Generator, Take
from model.score import count_bars, cut_bars, write
from model.workers import Worker
from tests.model.takes import LIVELY, LONG, play, until


@pytest.fixture(scope="module")
def generator(tiny):
    with Generator(str(tiny), workers=2) as generator:
        yield generator


def threads_of_takes() -> int:
    return sum("_make" in thread.name for thread in threading.enumerate())


# --- faults -------------------------------------------------------------------------------------------------

def faulty(monkeypatch, *found: tuple[str, ...]) -> None:
    """The attempts at every take have these faults, one after the other, then none. A take is a thread."""
    told = defaultdict(lambda: list(found))

    def faults(score: Score, bars: int) -> tuple[str, ...]:
        left = told[threading.current_thread()]
        return left.pop(0) if left else ()

    monkeypatch.setattr(module, "faults", faults)


def test_a_faulty_take_is_made_once_more_with_the_next_seed_that_is_free(generator, music, monkeypatch):
    faulty(monkeypatch, ("stuck",))
    take, = play(generator, music())
    assert take.retried and take.faults == () and take.settings.seed == 1 and take.complete
    faulty(monkeypatch)
    plain, = play(generator, music(), replace(LIVELY, seed=1))
    assert write(take.score) == write(plain.score)
    faulty(monkeypatch, ("empty",))
    takes = play(generator, music(), takes=3)
    assert [take.settings.seed for take in takes] == [3, 4, 5] and all(take.retried for take in takes)


def test_a_take_that_is_faulty_twice_says_so(generator, music, monkeypatch):
    faulty(monkeypatch, ("stuck",), ("empty", "stuck"))
    take, = play(generator, music())
    assert take.retried and take.faults == ("empty", "stuck") and take.settings.seed == 1


def test_a_take_without_room_for_its_bars_is_empty(generator, music, monkeypatch):
    run = generator._pool.run

    def run_in_little_room(job, *how):
        return run(job, *how)[0][:24], False

    monkeypatch.setattr(generator._pool, "run", run_in_little_room)
    take, = play(generator, music(), replace(LIVELY, bars=12))
    assert take.tokens == 24 and not take.complete and take.retried and take.faults == ("empty",)


def test_a_retry_that_is_stopped_does_not_replace_a_whole_take(generator, music, monkeypatch):
    faulty(monkeypatch, ("stuck",))
    plain, = play(generator, music(), replace(LIVELY, bars=2))
    faulty(monkeypatch, ("stuck",))
    stop, run, calls = threading.Event(), generator._pool.run, []

    def run_and_stop(job, *how):
        calls.append(job.seed)
        if len(calls) == 2:
            stop.set()
        return run(job, *how)

    monkeypatch.setattr(generator._pool, "run", run_and_stop)
    take, = play(generator, music(), replace(LIVELY, bars=2), stop=stop)
    assert calls == [0, 1] and plain.settings.seed == 1
    assert take.settings.seed == 0 and take.complete and take.faults == ("stuck",) and not take.retried


# --- stopping -----------------------------------------------------------------------------------------------

def test_stop_keeps_what_was_made(generator, music):
    def ready() -> bool:
        play(generator, music(), LIVELY, takes=2)
        return all(worker.ready for worker in generator._pool._all)

    assert until(ready, 60), "else one waits, and never begins"
    stop, takes, begun, stopped_at = threading.Event(), [], set(), None
    for event in generator.stream(music(), LONG, 2, stop):
        if isinstance(event, Take):
            takes.append(event)
        elif event.notes:
            begun.add(event.take)
            if len(begun) == 2 and event.notes >= 16 and stopped_at is None:
                stop.set()
                stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 5, "far less than 64 bars take"
    # One may have come to its end before the other began.
    assert len(takes) == 2 and not all(take.complete for take in takes)
    assert not any(take.retried for take in takes)
    assert sum(take.notes for take in takes) >= 12
    for take in takes:
        assert cut_bars(take.score, 4, 68).note_num() == take.notes
        assert count_bars(take.score) < 4 + 64 or take.complete
    whole, = play(generator, music(), LIVELY)
    assert whole.complete, "the workers are free again"


def test_the_visitors_stop_is_left_alone(generator, music):
    stop = threading.Event()
    take, = play(generator, music(), stop=stop)
    assert take.complete and not stop.is_set()
    with contextlib.closing(generator.stream(music(), LONG, 1, stop)) as stream:
        next(stream)
    assert not stop.is_set()


def test_stopped_before_it_began(generator, music):
    stop = threading.Event()
    stop.set()
    assert list(generator.stream(music(), LONG, 4, stop)) == []


def test_closing_the_iterator_ends_the_work(generator, music):
    assert until(lambda: threads_of_takes() == 0)
    with contextlib.closing(generator.stream(music(), LONG, 6)) as stream:      # four of them wait
        next(stream)
        assert threads_of_takes() == 6
    assert until(lambda: threads_of_takes() == 0)
    assert play(generator, music())[0].complete


def test_two_streams_at_once(generator, music):
    results: dict[int, list[Take]] = {}

    def visit(visitor: int) -> None:
        results[visitor] = play(generator, music(seed=visitor), LIVELY, takes=2)

    visitors = [threading.Thread(target=visit, args=(visitor,)) for visitor in range(3)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join(60)
    for visitor in range(3):
        alone = play(generator, music(seed=visitor), LIVELY, takes=2)
        assert [write(take.score) for take in results[visitor]] == [write(take.score) for take in alone]


# --- accidents ----------------------------------------------------------------------------------------------

def test_a_killed_worker_is_replaced_and_the_take_made(generator, music):
    whole = play(generator, music(), replace(LIVELY, bars=30), takes=2)
    before = list(generator._pool._all)
    takes, killed = [], False
    for event in generator.stream(music(), replace(LIVELY, bars=30), 2):
        if isinstance(event, Take):
            takes.append(event)
        elif not killed:
            before[0].process.kill()
            killed = True
    takes.sort(key=lambda take: take.index)
    assert [write(take.score) for take in takes] == [write(take.score) for take in whole]
    assert generator._pool._all[1] is before[1] and generator._pool._all[0] is not before[0]
    assert [worker.process.poll() is None for worker in generator._pool._all] == [True, True]


def test_a_worker_ends_when_nobody_holds_its_pipe(tiny):
    worker = Worker(tiny)
    assert until(lambda: worker.pipe.poll(0.1)) and worker.pipe.recv() == ("ready",)
    worker.pipe.close()
    assert worker.process.wait(20) == 0


def test_a_workers_memory_is_its_own_and_not_its_parents(tiny, music):
    large = np.ones(250_000_000)        # 2 GB, more than a worker may hold
    with Generator(str(tiny), workers=1) as generator:
        generator.warm()
        worker, = generator._pool._all
        play(generator, music())
        assert generator._pool._all == [worker], "it was not replaced"
        assert abs(worker.bytes - psutil.Process(worker.process.pid).memory_info().rss) < 50e6 < large.nbytes


def test_a_damaged_checkpoint_is_an_error_and_not_a_wait(tiny, music, tmp_path):
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "weights.safetensors").write_bytes(b"nothing of use")
    with Generator(str(tmp_path), workers=1) as broken, pytest.raises(GenerationError) as caught:
        list(broken.stream(music(), LIVELY, 2))
    assert str(caught.value).startswith("The player could not start: The weights.safetensors of")


def test_a_slow_start_can_be_stopped_and_closed(tiny, music):
    generator, stop = Generator(str(tiny), workers=1), threading.Event()
    assert generator._pool._all == [], "nothing starts by itself"
    threading.Timer(0.2, stop.set).start()
    assert play(generator, music(), LIVELY, 2, stop) == [], "not even begun"
    failed = []

    def visit() -> None:
        with pytest.raises(GenerationError, match="was closed before the take was done"):
            list(generator.stream(music(), LONG, 2))
        failed.append(True)

    visitor = threading.Thread(target=visit)
    visitor.start()
    time.sleep(0.2)
    worker, = generator._pool._all
    generator.close()
    visitor.join(5)
    assert failed and worker.process.poll() is not None and generator._pool._all == []
    with pytest.raises(GenerationError, match="The generator is closed"):
        list(generator.stream(music(), LIVELY))
