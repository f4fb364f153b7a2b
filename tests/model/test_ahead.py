"""Takes are rendered before anybody asks for them, and only while nobody waits for sound."""

import threading

import pytest

from model.ahead import MOST, Ahead
from tests.model.takes import until


class Shelf:
    """A shelf that notes what is rendered, when the test lets it."""

    def __init__(self) -> None:
        self.asked, self.rendered, self.gate = 0, [], threading.Event()

    def file(self, token: str, kind: str) -> None:
        assert self.gate.wait(20) and kind == "take.mp3"
        self.rendered.append(token)
        if token == "swept":
            raise KeyError(token)


@pytest.fixture
def shelf():
    shelf = Shelf()
    yield shelf
    shelf.gate.set()


def test_pieces_are_rendered_in_order_and_one_that_was_cleared_away_stops_nothing(shelf):
    ahead = Ahead(shelf)
    ahead.render(["one", "swept"])
    ahead.render(["three"])
    shelf.gate.set()
    assert until(lambda: len(shelf.rendered) == 3) and shelf.rendered == ["one", "swept", "three"]
    ahead.render(["later"])
    assert until(lambda: shelf.rendered[-1] == "later"), "after a rest it goes on"


def test_who_waits_for_sound_goes_first(shelf):
    shelf.asked = 1
    shelf.gate.set()
    Ahead(shelf).render(["one"])
    assert not until(lambda: shelf.rendered, 0.3)
    shelf.asked = 0
    assert until(lambda: shelf.rendered)


def test_of_too_many_the_latest_are_rendered(shelf):
    ahead = Ahead(shelf)
    ahead.render(["first"])
    assert until(lambda: not ahead._waiting)        # it is being rendered
    ahead.render(map(str, range(2 * MOST)))
    shelf.gate.set()
    assert until(lambda: len(shelf.rendered) == MOST + 1)
    assert shelf.rendered == ["first", *map(str, range(MOST, 2 * MOST))]
