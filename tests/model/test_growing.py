"""Takes while they are made, by real workers: what is shown of them, and what becomes of it in a crowd."""

import contextlib
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from model.generator import GenerationError, Generator, Progress, Take
from model.growing import Growing, Sprout
from model.score import bar_seconds, count_bars, cut_bars, write
from model.settings import Start
from tests.model.takes import LIVELY, LONG, until

SIX = replace(LIVELY, bars=6)


@pytest.fixture(scope="module")
def generator(tiny_events):
    with Generator(str(tiny_events), workers=2) as generator:
        yield generator


def stream(generator: Generator, prompt, settings=SIX, takes=1, **how) -> list:
    return list(generator.stream(prompt, settings, takes, growing=True, **how))


def finished(events) -> Take:
    return next(event for event in events if isinstance(event, Take))


def bars_of(score, first: int, last: int) -> bytes:
    """Onsets, pitches and velocities; a note that sounds over the last bar line is as long as it is."""
    part = cut_bars(score, first, last)
    return write(part)


def test_a_take_grows_by_whole_bars_from_its_prompt_on(generator, music):
    events = stream(generator, music(), takes=2)
    assert not [event for event in list(generator.stream(music(), SIX)) if isinstance(event, Growing)]
    for take in (event for event in events if isinstance(event, Take)):
        grown = [event for event in events if isinstance(event, Growing) and event.index == take.index]
        bars = [event.bars for event in grown]
        assert bars[0] == 0 and bars == sorted(set(bars)) and 1 <= bars[-1] <= SIX.bars
        assert {(event.seam_s, event.seam_bar, event.attempt) for event in grown} == {(take.seam_s, 4, 0)}
        assert grown[0].seconds == take.seam_s and write(grown[0].score) == write(cut_bars(take.score, 0, 4))
        for event in grown[1:]:
            whole = 4 + event.bars
            assert event.seconds == pytest.approx(float(bar_seconds(take.score, whole)[-1]))
            assert count_bars(event.score) <= whole
            assert bars_of(event.score, 0, whole) == bars_of(take.score, 0, whole)
        assert max(map(events.index, grown)) < events.index(take)


def test_music_from_nothing_grows_when_it_has_a_bar(generator):
    grown = [event for event in stream(generator, Start((0, 40))) if isinstance(event, Growing)]
    assert grown and grown[0].bars >= 1 and grown[0].seam_bar == 0 and grown[0].seam_s == 0


def test_the_best_of_several_is_not_shown_before_it_is_known(generator, music):
    events = stream(generator, music(), replace(SIX, best_of=2))
    assert not [event for event in events if isinstance(event, Growing)]
    assert [event for event in events if isinstance(event, Take)]


def test_a_take_that_is_made_once_more_grows_anew(generator, music, monkeypatch):
    found = [("stuck",)]
    monkeypatch.setattr("model.generator.faults", lambda score, bars: found.pop() if found else ())
    events = [event for event in stream(generator, music()) if isinstance(event, (Growing, Take))]
    *grown, take = events
    assert take.retried and [event.attempt for event in grown] == sorted(event.attempt for event in grown)
    second = [event.bars for event in grown if event.attempt == 1]
    assert second[0] == 0 and second[-1] >= 1, "from the seam on"


def test_what_a_worker_told_before_it_died_is_told_anew(generator, music):
    long = replace(LIVELY, bars=24)
    calm = [event for event in stream(generator, music(), long) if isinstance(event, Take)]
    grown, takes, killed = [], [], False
    for event in generator.stream(music(), long, growing=True):
        if isinstance(event, Growing):
            grown.append(event)
            if event.bars >= 2 and not killed:
                killed = True
                playing, = generator._pool._playing
                playing.worker.process.kill()
        elif isinstance(event, Take):
            takes.append(event)
    assert killed and write(takes[0].score) == write(calm[0].score) and not takes[0].retried
    bars = [event.bars for event in grown]
    assert bars == sorted(set(bars)), "nothing is shown twice"
    assert until(lambda: all(worker.process.poll() is None for worker in generator._pool._all))


def test_steps_that_are_told_from_the_first_on_replace_what_was_told(generator, music):
    plan = generator._plan(music(), SIX)
    sprout = Sprout(generator.layout, plan, 6, False, 0, 0)
    take, = (event for event in stream(generator, music()) if isinstance(event, Take))
    steps = np.zeros((3, 7), np.int64)
    for first in (0, 3, 0):
        sprout.hear(first, steps, 0.1)
    assert len(sprout._steps) == 3 and take.notes


# Reading ahead

def test_a_prompt_that_was_read_gives_the_same_take(generator, music):
    def take(prompt) -> bytes:
        return write(finished(generator.stream(prompt, SIX)).score)

    plain = take(music(seed=5))
    begun = generator.prepare(music(seed=5), SIX)
    assert begun.bars == 0 and begun.seam_bar == 4
    assert until(lambda: all(worker.reading for worker in generator._pool._all))
    assert take(music(seed=5)) == plain
    assert generator.prepare(Start((0,)), SIX) is None
    with pytest.raises(ValueError, match=r"^style is one of"):
        generator.prepare(music(), replace(SIX, style="nonsense"))


def test_readings_do_not_pile_up(generator, music):
    for seed in range(30):
        generator.prepare(music(seed=seed), SIX)
    assert {worker.reading for worker in generator._pool._all} <= {0, 1}
    assert finished(stream(generator, music())).complete


# Crowds

def test_twenty_visitors_at_once_are_all_served_and_told_where_they_stand(generator, music):
    found: dict[int, list] = {}

    def visit(visitor: int) -> None:
        found[visitor] = stream(generator, music(seed=visitor), replace(LIVELY, bars=2), 1 + visitor % 2)

    visitors = [threading.Thread(target=visit, args=(visitor,)) for visitor in range(20)]
    for thread in visitors:
        thread.start()
    for thread in visitors:
        thread.join(120)
    for visitor, events in found.items():
        assert len([event for event in events if isinstance(event, Take)]) == 1 + visitor % 2
    places = [event.place.number for events in found.values() for event in events
              if isinstance(event, Progress) and event.place]
    assert places and min(places) >= 1 and max(places) > 2
    assert len(found) == 20 and not len(generator._pool._line) and not generator._pool._playing


def test_a_storm_of_cancellations_leaves_the_workers_free_and_whole(generator, music):
    workers = list(generator._pool._all)
    for number in range(12):
        takes = generator.stream(music(seed=number), LONG, 1 + number % 4, growing=True)
        with contextlib.closing(takes) as events:
            for _ in range(number % 5):
                next(events)
    assert until(lambda: not generator._pool._playing and not len(generator._pool._line))
    assert generator._pool._all == workers, "none had to be replaced"
    assert finished(stream(generator, music())).complete


def test_stopping_takes_far_less_time_than_going_on(generator, music):
    began = time.monotonic()
    stream(generator, music(), LONG)
    whole, stop = time.monotonic() - began, threading.Event()
    stopped_at = None
    for event in generator.stream(music(), LONG, stop=stop, growing=True):
        if isinstance(event, Progress) and event.notes > 8 and stopped_at is None:
            stop.set()
            stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < whole / 3


def test_who_comes_when_too_many_wait_is_told_in_one_sentence(generator, music, monkeypatch):
    monkeypatch.setattr("model.pool.MOST_WAITING", 4)
    stop = threading.Event()
    others = [threading.Thread(target=lambda: list(generator.stream(music(), LONG, 3, stop)))
              for _ in range(2)]
    for thread in others:
        thread.start()
    assert until(lambda: len(generator._pool._line) == 4)
    with pytest.raises(GenerationError, match=r"^So many people .+ 4 takes .+ in a minute\.$"):
        next(generator.stream(music(), SIX))
    stop.set()
    for thread in others:
        thread.join(20)
