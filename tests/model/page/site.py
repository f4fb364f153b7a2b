"""The Compose page on a free port, over a generator that is quick and can be watched; what visitors do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import symusic
from fastapi import FastAPI

from model.assets import Assets
from model.catalogue import Catalogue
from model.compound import Compound
from model.generator import Progress, Take
from model.judging import Verdict
from model.page import mount_compose
from model.score import Score, bar_seconds, cut_bars, join, normalise
from model.settings import Settings, Start
from model.shelf import Shelf
from model.view import STATIC
from tests.survey.page.served import served

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MINUTE = 60_000         # Playwright counts milliseconds


def music(programs=(0,), bars: int = 12, drums: bool = False, low: int = 60) -> Score:
    """Quarter notes that walk up and down, four to a bar, in every program."""
    score = Score(480)
    for number, program in enumerate(programs):
        track = symusic.Track("", program, False)
        for beat in range(4 * bars):
            track.notes.append(symusic.Note(480 * beat, 400, low + 5 * number + beat % 7, 80))
        score.tracks.append(track)
    if drums:
        track = symusic.Track("", 0, True)
        for beat in range(4 * bars):
            track.notes.append(symusic.Note(480 * beat, 60, 36 + 2 * (beat % 4), 90))
        score.tracks.append(track)
    return normalise(score)


@dataclass(frozen=True)
class Sheet:
    """A piece of the catalogue."""

    id: str
    title: str
    composer: str
    ensemble: str
    programs: tuple[int, ...]

    def score(self) -> Score:
        return music(self.programs, drums=len(self.programs) > 2)


SHEETS = [Sheet(f"p{n}", f"Étude <{n}> & fugue {{{{n}}}}", f"Composer {n}", "trio",
                ((0,), (40, 42), (0, 40, 56))[n % 3]) for n in range(16)]


class Dances(Compound):
    """A layout with styles of its own."""

    styles = ("waltz", "march")


@dataclass
class Player:
    """Stands in for the generator: `pace` seconds a take, 7 notes a step; notes depend on the seed.

    A change of the pace counts at once. calls: what was asked. ends: "done" or "cut short", of every stream.
    """

    pace: float = 0.3
    calls: list = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    faulty: bool = False
    workers: int = 1
    system: str = "test"
    systems: tuple[str, ...] = ("test", "obedient")
    controls: frozenset[str] = frozenset()
    checkpoint_sha256: str = "ab" * 32
    layout: Compound = field(default_factory=Dances)

    def of(self, system: str | None) -> Player:
        if system != "obedient":
            return self
        return replace(self, system=system, controls=frozenset({"style", "density"}))

    def prepare(self, prompt, settings: Settings) -> None:
        pass

    def stream(self, prompt, settings: Settings, takes: int = 1, stop=None,
               **how) -> Iterator[Progress | Take]:
        self.calls.append((prompt, settings, takes))
        end, each = "cut short", settings.best_of
        candidates = takes * each if each > 1 else 0
        try:
            for index in range(takes):
                began, notes = time.monotonic(), 0
                while (share := (time.monotonic() - began) / self.pace) < 1 and not stop.is_set():
                    time.sleep(0.05)
                    notes, made = notes + 7, int((index + share) * each) if candidates else 0
                    yield Progress(index, takes, notes, (index + share) / takes, self.pace, None, made,
                                   candidates)
                yield self.take(prompt, settings, index, stop.is_set(), time.monotonic() - began)
                if stop.is_set():
                    return
            end = "done"
        finally:
            self.ends.append(end)

    def take(self, prompt, settings: Settings, index: int, stopped: bool, elapsed: float) -> Take:
        seed, used = settings.seed + index + 2 * self.faulty, settings.prompt_bars
        new = music((0, 40), bars=settings.bars, low=48 + seed % 24)
        if isinstance(prompt, Start):
            score, seam_bar, seam = new, 0, 0.0
        else:
            score = join(cut_bars(prompt, 0, used), new, at_bar=used)
            seam_bar, seam = used, float(bar_seconds(score)[used])
        return Take(index=index, score=score, seam_s=seam, seam_bar=seam_bar,
                    settings=replace(settings, seed=seed), faults=(), retried=self.faulty,
                    complete=not stopped, system="test", checkpoint_sha256=self.checkpoint_sha256, tokens=99,
                    notes=7, elapsed_s=elapsed,
                    verdict=Verdict({"silence": 0.5}, {"silence": "Nothing is silent."}))


@dataclass
class Site:
    """url: of the page. player: what composes. shelf: where its takes lie."""

    url: str
    player: Player
    shelf: Shelf


@contextmanager
def compose_site(folder: Path, player: object, sheets: Sequence = SHEETS) -> Iterator[Site]:
    """The page on a free port, in this process; its library has been read."""
    app, shelf = FastAPI(), Shelf(folder)
    catalogue = Catalogue(lambda: list(sheets), shelf)
    catalogue.start().join()
    app.mount("/static", Assets(directory=STATIC, packages=[("gradio", "templates/frontend/static")]))
    mount_compose(app, player, catalogue, shelf)
    with served(app) as url:
        yield Site(url, player, shelf)


# What visitors do

def opened(site: Site, page):
    """The page, ready to be used."""
    page.goto(site.url)
    page.locator("#stage .legend li").first.wait_for()
    return page


def choose(page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def set_slider(page, label: str, value: float) -> None:
    box = page.get_by_role("spinbutton", name=label)
    box.fill(f"{value:g}")
    box.press("Tab")


def go_on(page) -> None:
    page.get_by_role("button", name="Continue", exact=True).click()


def more(page) -> None:
    """Unfolds the settings that few need. Gradio sets them up anew in the frame after they are seen first."""
    page.locator("#more button").first.click()
    page.locator("#more input").first.wait_for()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def upload(page, name: str, data: bytes) -> None:
    page.get_by_role("tab", name="Your own file").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a MIDI file").click()
    chooser.value.set_files({"name": name, "mimeType": "audio/midi", "buffer": data})


def tab_to(page, selector: str, most: int = 80) -> None:
    """Presses Tab until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")
