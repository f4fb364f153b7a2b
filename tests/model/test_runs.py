"""A visitor's run: one at a time, found again after a reload, ended when nobody is there any more."""

import threading
import time

import pytest

from model.generator import GenerationError
from model.runs import Run, Running
from tests.model.takes import until


def over(run: Run) -> bool:
    return until(lambda: run.over, 10)


def play_until_stopped(run: Run) -> None:
    while not run.stop.wait(0.01):
        run.look()
    run.takes[0] = "a take"


@pytest.fixture
def running():
    """Running whose runs end with the test."""
    running, sessions = Running(), []
    begin = running.begin

    def begin_noted(session, *more):
        sessions.append(session)
        return begin(session, *more)

    running.begin = begin_noted
    yield running
    for session in sessions:
        running.stop(session)
    assert all(over(running.of(session)) for session in sessions if running.of(session))


def test_a_session_composes_once_at_a_time(running):
    assert running.of("one") is None
    first, other = (running.begin(session, "A piece", play_until_stopped) for session in ("one", "two"))
    assert running.begin("one", "Another", play_until_stopped) is first
    assert running.of("one") is first is not other
    running.stop("one")
    assert over(first) and (first.takes, first.said, first.failed) == ({0: "a take"}, "", False)
    assert not other.over and "You stopped it" in first.ending and other.ending == ""
    second = running.begin("one", "Another", play_until_stopped)
    assert running.of("one") is second is not first and second.id != first.id


@pytest.mark.parametrize("error, said", [
    (GenerationError("The model could not be read."), "The model could not be read."),
    (OSError("inner affairs"), "Something went wrong on our side. Please press Continue once more."),
])
def test_a_run_that_fails_says_why(running, error: Exception, said: str):
    def work(run: Run) -> None:
        raise error

    run = running.begin("one", "A piece", work)
    assert over(run) and (run.takes, run.said, run.failed) == ({}, said, True)


def test_a_run_without_a_note_says_so(running):
    run = running.begin("one", "A piece", lambda run: None)
    assert over(run) and run.said == "Stopped before the first note, so there is nothing to keep."
    assert not run.failed


def test_a_run_is_forgotten_with_its_takes(running, monkeypatch):
    for session in ("one", "two"):
        assert over(running.begin(session, "A piece", lambda run: None))
    monkeypatch.setattr("model.runs.KEPT_S", 0)
    assert over(running.begin("two", "A piece", lambda run: None))
    assert running.of("one") is None and running.of("two")


def test_after_a_reload_the_same_tab_finds_its_run_and_can_stop_it(running):
    run = running.begin("before", "A piece", play_until_stopped)
    assert running.follow("after", run.id, anyway=True) is running.of("after") is run
    running.stop("after")
    assert over(run) and run.takes


def test_another_tab_finds_a_run_only_when_its_own_tab_has_gone(running, monkeypatch):
    run = running.begin("tab", "A piece", play_until_stopped)
    assert running.follow("other", run.id, anyway=False) is run, "there is such a run"
    assert running.of("other") is None, "but its own tab attends it"
    running.closed("tab")
    running.follow("other", run.id, anyway=False)
    assert running.of("other") is run
    assert running.follow("third", "x" * 22, anyway=True) is None


def test_a_session_that_composes_is_given_no_other_run(running):
    own, other = (running.begin(session, "A piece", play_until_stopped) for session in ("one", "two"))
    running.follow("one", other.id, anyway=True)
    assert running.of("one") is own


def test_a_run_ends_a_while_after_its_visitor_has_gone_and_keeps_what_was_made(running, monkeypatch):
    monkeypatch.setattr("model.runs.CLOSED_S", 0.1)
    run = running.begin("one", "A piece", play_until_stopped)
    running.closed("one")
    assert over(run) and run.takes and "Nobody was here any more" in run.ending


def test_who_comes_back_in_time_keeps_the_run(running, monkeypatch):
    """The connection of the page before may close late: what it says then is not about the page that came."""
    monkeypatch.setattr("model.runs.CLOSED_S", 0.1)
    run = running.begin("before", "A piece", play_until_stopped)
    running.follow("after", run.id, anyway=True)
    running.closed("before")
    time.sleep(0.3)
    assert not run.stop.is_set()


def test_a_page_that_falls_silent_has_gone(running, monkeypatch):
    monkeypatch.setattr("model.runs.SILENT_S", 0.2)
    silent, asking = (running.begin(session, "A piece", play_until_stopped) for session in ("one", "two"))
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.02):
            asking.asked()

    thread = threading.Thread(target=ask)
    thread.start()
    assert over(silent) and not asking.stop.is_set()
    done.set()
    thread.join()
