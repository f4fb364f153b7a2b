"""Long work: one piece at a time, in order, stopped when asked, and told when it fails."""

from __future__ import annotations

import threading

import pytest

from analysis.works import Works

PATIENCE_S = 20


@pytest.fixture
def works():
    opened = Works()
    yield opened
    opened.close()


def over(works: Works, key: tuple[str, str]) -> object:
    """The job, when it has ended."""
    gone = threading.Event()
    for _ in range(PATIENCE_S * 100):
        if works.of(key).over:
            return works.of(key)
        gone.wait(0.01)
    raise AssertionError(f"{key} never ended: {works.of(key)}")


class Gate:
    """Work that tells when it has begun and waits until it is let go, or stopped."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, progress, stop):
        self.begun.set()
        progress(1, 3)
        while not self.go.wait(0.005):
            if stop.is_set():
                return "half"
        progress(3, 3)
        return "whole"


def test_one_at_a_time_and_in_order(works):
    first, second = Gate(), Gate()
    works.ask(("clips", "a"), first)
    assert first.begun.wait(PATIENCE_S)
    works.ask(("clips", "b"), second)
    assert (works.of(("clips", "a")).done, works.of(("clips", "a")).of) == (1, 3)
    assert works.of(("clips", "b")).state == "waiting"
    assert not second.begun.is_set()
    first.go.set()
    assert second.begun.wait(PATIENCE_S)
    second.go.set()
    assert (over(works, ("clips", "b")).state, works.of(("clips", "b")).made) == ("done", "whole")
    assert works.of(("clips", "none")) is None


def test_the_same_is_not_done_twice_at_once(works):
    gate, other = Gate(), Gate()
    works.ask(("clips", "a"), gate)
    assert gate.begun.wait(PATIENCE_S)
    works.ask(("clips", "a"), other)
    gate.go.set()
    over(works, ("clips", "a"))
    assert not other.begun.is_set()
    other.go.set()
    works.ask(("clips", "a"), other)        # but again, when it is over
    assert over(works, ("clips", "a")).made == "whole"
    assert other.begun.is_set()


def test_work_stops_where_it_is_and_the_next_goes_on(works):
    running, waiting, last = Gate(), Gate(), Gate()
    for name, gate in (("a", running), ("b", waiting), ("c", last)):
        works.ask(("clips", name), gate)
    assert running.begun.wait(PATIENCE_S)
    works.stop(("clips", "b"))
    works.stop(("clips", "a"))
    assert (over(works, ("clips", "a")).state, works.of(("clips", "a")).made) == ("stopped", "half")
    last.go.set()
    assert over(works, ("clips", "c")).state == "done"
    assert (works.of(("clips", "b")).state, waiting.begun.is_set()) == ("stopped", False)
    works.stop(("clips", "never asked"))


@pytest.mark.parametrize("error, said", [
    (ValueError("The library has no piece."), "The library has no piece."),
    (OSError("disk full"), "disk full"),
    (RuntimeError("inner affairs"), "That did not work; the server's log says why.")])
def test_what_fails_says_why_and_the_next_goes_on(works, error, said):
    def fail(progress, stop):
        raise error
    works.ask(("clips", "a"), fail)
    works.ask(("clips", "b"), lambda progress, stop: 7)
    job = over(works, ("clips", "a"))
    assert (job.state, job.said) == ("failed", said)
    assert over(works, ("clips", "b")).made == 7


def test_closing_stops_everything(works):
    running, waiting = Gate(), Gate()
    works.ask(("clips", "a"), running)
    works.ask(("clips", "b"), waiting)
    assert running.begun.wait(PATIENCE_S)
    works.close()
    assert over(works, ("clips", "a")).state == "stopped"
    works.ask(("clips", "c"), waiting)
    assert works.of(("clips", "c")) is None
    assert not waiting.begun.is_set()
