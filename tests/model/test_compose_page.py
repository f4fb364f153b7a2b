"""The Compose page in a real browser, over a generator that is quick and can be watched."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import symusic
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from model.catalogue import Catalogue
from model.compound import Compound
from model.generator import Progress, Take
from model.judging import Verdict
from model.page import compose_page, mount_compose
from model.score import Score, bar_seconds, cut_bars, join, normalise, read, write
from model.settings import RANGES, Settings, Start
from model.shelf import Shelf
from model.view import STATIC

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
    """Stands in for the generator: repeats the prompt, `pace` seconds a take, 7 notes a step."""

    pace: float = 0.3
    calls: list = field(default_factory=list)
    ends: list[str] = field(default_factory=list)       # "done" or "cut short", of every stream
    faulty: bool = False
    workers: int = 1
    system: str = "test"
    systems: tuple[str, ...] = ("test", "obedient")
    controls: frozenset[str] = frozenset()
    checkpoint_sha256: str = "ab" * 32
    layout: Compound = field(default_factory=Dances)

    def of(self, system: str | None) -> "Player":
        if system != "obedient":
            return self
        return replace(self, system=system, controls=frozenset({"style", "density"}))

    def prepare(self, prompt, settings: Settings) -> None:
        pass

    def stream(self, prompt, settings: Settings, takes: int = 1, stop=None,
               **how) -> Iterator[Progress | Take]:
        self.calls.append((prompt, settings, takes))
        end = "cut short"
        try:
            for index in range(takes):
                began = time.monotonic()
                steps = max(int(self.pace / 0.05), 1)
                for step in range(steps):
                    if stop.is_set():
                        break
                    time.sleep(0.05)
                    yield Progress(index, takes, 7 * (step + 1), (index + step / steps) / takes, self.pace)
                yield self.take(prompt, settings, index, stop.is_set(), time.monotonic() - began)
                if stop.is_set():
                    return
            end = "done"
        finally:
            self.ends.append(end)

    def take(self, prompt, settings: Settings, index: int, stopped: bool, elapsed: float) -> Take:
        new = music((0, 40), bars=settings.bars)
        if isinstance(prompt, Start):
            score, seam_bar, seam = new, 0, 0.0
        else:
            score = join(cut_bars(prompt, 0, settings.prompt_bars), new, at_bar=settings.prompt_bars)
            seam_bar, seam = settings.prompt_bars, float(bar_seconds(score)[settings.prompt_bars])
        return Take(index=index, score=score, seam_s=seam, seam_bar=seam_bar,
                    settings=replace(settings, seed=settings.seed + index + 2 * self.faulty), faults=(),
                    retried=self.faulty, complete=not stopped, system="test",
                    checkpoint_sha256=self.checkpoint_sha256, tokens=99, notes=7, elapsed_s=elapsed,
                    verdict=Verdict({"silence": 0.5}, {"silence": "Nothing is silent."}))


@dataclass
class Site:
    url: str
    player: Player
    shelf: Shelf


@pytest.fixture(scope="module")
def running_site(chromium, tmp_path_factory) -> Iterator[Site]:
    """The page on a free port, in this process."""
    app, player = FastAPI(), Player()
    shelf = Shelf(tmp_path_factory.mktemp("takes"))
    catalogue = Catalogue(lambda: SHEETS, shelf)
    catalogue.start().join()
    app.mount("/static", StaticFiles(directory=STATIC, packages=[("gradio", "templates/frontend/static")]))
    mount_compose(app, player, catalogue, shelf)
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
    thread.start()
    yield Site(f"http://127.0.0.1:{door.getsockname()[1]}", player, shelf)
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def site(running_site: Site) -> Site:
    """The page with a fresh record of what was asked of the generator."""
    running_site.player.__init__()
    return running_site


@pytest.fixture
def compose(site: Site, page):
    """The page, opened and ready."""
    return opened(site, page)


def opened(site: Site, page):
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


def slow_down(page) -> None:
    """Puts 600 ms between the page and its server."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 600, "downloadThroughput": -1, "uploadThroughput": -1})


def upload(page, name: str, data: bytes) -> None:
    page.get_by_role("tab", name="Your own file").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a MIDI file").click()
    chooser.value.set_files({"name": name, "mimeType": "audio/midi", "buffer": data})


# Choosing

def test_every_piece_has_a_card_and_the_first_is_on_stage(compose):
    cards = compose.locator(".card")
    assert cards.count() == 16
    assert cards.nth(3).locator(".title").inner_text() == "Étude <3> & fugue {{n}}"
    assert re.search(r"trio · 12 bars · 0:24", cards.nth(3).inner_text())
    assert compose.locator("#stage h3").inner_text() == "Étude <0> & fugue {{n}}"
    assert [card.locator("svg path").count() for card in cards.all()[:3]] == [1, 2, 3]


def test_arrow_keys_walk_through_the_cards(compose):
    compose.get_by_role("radio").first.focus()
    for _ in range(2):
        compose.keyboard.press("ArrowRight")
    compose.locator("#stage h3", has_text="Étude <2>").wait_for()
    assert compose.locator(".card:has(:checked) .title").inner_text() == "Étude <2> & fugue {{n}}"
    compose.locator("#stage .legend li").nth(3).wait_for()
    names = compose.locator("#stage .legend li").all_inner_texts()
    assert names == ["Grand Piano", "Violin", "Trumpet", "Drums"]


def test_of_cards_chosen_in_haste_the_last_one_counts(compose, site):
    slow_down(compose)
    compose.locator(".card").nth(4).click()
    compose.wait_for_timeout(400)       # the server is being asked for it
    compose.locator(".card").nth(7).click()
    compose.locator("#stage h3", has_text="Étude <7>").wait_for()
    compose.locator(".card").nth(9).click()
    go_on(compose)
    compose.locator(".run h3", has_text="Étude <9>").wait_for()
    assert len(site.player.calls) == 1


def test_the_bars_used_are_marked_on_the_prompt(compose):
    set_slider(compose, "Bars of the prompt", 3)
    compose.locator("#stage segue-player[region='0-3']").wait_for()


def test_a_picture_named_mid_gets_one_sentence(compose, site):
    upload(compose, "photo.mid", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    said = compose.locator("#file-note [role=alert]")
    said.wait_for()
    assert re.fullmatch(r"photo\.mid: [A-Z][^\n]+\.", said.inner_text())
    assert "Traceback" not in compose.content()
    assert compose.locator("#stage h3").is_hidden()     # there is no file to show yet
    go_on(compose)
    compose.get_by_text("Please choose a MIDI file first.").wait_for()
    assert site.player.calls == []


def test_a_file_that_is_too_large_gets_one_sentence(compose):
    upload(compose, "large.mid", b"MThd" + bytes(20_000_000))
    said = compose.locator("#file-note [role=alert]")
    said.wait_for(timeout=MINUTE)
    assert re.fullmatch(r"large\.mid: A MIDI file may have at most 5[^\n]+\.", said.inner_text())


def test_an_own_file_is_shown_and_continued(compose, site):
    upload(compose, "my <b>song.mid", write(music((40,), bars=5)))
    compose.locator("#stage h3", has_text="song").wait_for()
    assert "5 bars" in compose.locator("#stage").inner_text()
    go_on(compose)
    compose.locator(".take").wait_for()
    (prompt, settings, _), = site.player.calls
    assert len(bar_seconds(prompt)) - 1 == 5
    assert settings.prompt_bars == 5


def test_from_nothing_with_chosen_instruments(compose, site):
    compose.get_by_role("tab", name="From nothing").click()
    compose.locator("#stage").wait_for(state="hidden")
    compose.get_by_label("Instruments").fill("Cello")
    compose.keyboard.press("Enter")
    set_slider(compose, "Beats a minute", 72)
    go_on(compose)
    compose.locator(".take", has_text="from nothing").wait_for()
    assert site.player.calls[0][0] == Start((0, 42), 72.0)


def test_wishes_are_offered_where_they_are_obeyed(compose, site):
    compose.locator("#more button").first.click()
    style = compose.get_by_role("combobox", name="Style")
    compose.get_by_role("combobox", name="System").wait_for()
    assert style.count() == 0
    choose(compose, "System", "obedient")
    style.wait_for()
    choose(compose, "Style", "March")
    set_slider(compose, "Notes a bar", 12)
    go_on(compose)
    compose.locator(".take").wait_for()
    assert "march · 12 notes a bar" in compose.locator(".take .settings").inner_text()
    settings = site.player.calls[0][1]
    assert (settings.style, settings.density) == ("march", 12)
    choose(compose, "System", "test (the default)")     # takes the wishes away with it
    style.wait_for(state="detached")
    go_on(compose)
    compose.locator(".run").nth(1).wait_for()
    assert (site.player.calls[1][1].style, site.player.calls[1][1].density) == ("", 0)


# Composing

@pytest.mark.parametrize("workers, takes", [(1, 1), (2, 2), (16, 2)])
def test_two_takes_where_two_can_be_made_side_by_side(tmp_path: Path, workers: int, takes: int):
    shelf = Shelf(tmp_path)
    page = compose_page(Player(workers=workers), Catalogue(list, shelf), shelf)
    slider, = (block for block in page.blocks.values() if getattr(block, "label", None) == "Takes")
    assert slider.value == takes


def test_takes_appear_one_by_one_with_all_that_belongs_to_them(compose, site, tmp_path: Path):
    site.player.pace = 1.0
    set_slider(compose, "Takes", 2)
    set_slider(compose, "Bars to compose", 4)
    compose.locator("#more button").first.click()
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("41")
    go_on(compose)
    compose.get_by_text(re.compile(r"2 takes · \d+ notes so far")).wait_for()
    first, second = compose.locator(".take[data-take='1']"), compose.locator(".take[data-take='2']")
    first.wait_for()
    assert second.count() == 0
    first.get_by_role("button", name="Play Take 1").click()
    second.wait_for()
    first.get_by_text(re.compile("^0:0[1-9]$")).wait_for(timeout=MINUTE)    # went on while take 2 came
    assert "after 8 bars · 4 new bars · 7 new notes" in first.inner_text()
    settings = first.locator(".settings").inner_text()
    assert settings.startswith("temperature 1 · top-k off · top-p 0.95 · no-repeat off · guidance 0.75 · ")
    assert settings.endswith(" · seed 41")
    assert "seed 42" in second.text_content()
    assert float(first.locator("segue-player").get_attribute("seam")) == pytest.approx(16.0)
    with compose.expect_download() as started:
        first.get_by_role("link", name="MIDI").click()
    assert started.value.suggested_filename == "segue-etude-0-fugue-n-take-1-seed-41.mid"
    assert len(bar_seconds(read(Path(started.value.path())))) - 1 == 12
    with compose.expect_download(timeout=MINUTE) as started:
        first.get_by_role("link", name="MP3").click()
    assert Path(started.value.path()).stat().st_size > 10_000
    assert not compose.get_by_role("button", name="Stop and keep").is_visible()


def test_stop_keeps_what_was_made(compose, site):
    site.player.pace = 60
    go_on(compose)
    compose.get_by_text("notes so far").wait_for()
    compose.get_by_role("button", name="Stop and keep").click()
    compose.locator(".take").get_by_text("You stopped it here; what was made so far is kept.").wait_for()
    assert site.player.ends == ["cut short"]
    site.player.pace = 0.1
    go_on(compose)
    compose.locator(".run").nth(1).wait_for()
    assert compose.locator(".take").count() == 2        # the earlier take stays


def test_a_second_attempt_is_reported(compose, site):
    site.player.faulty = True
    compose.locator("#more button").first.click()
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("7")
    go_on(compose)
    compose.get_by_text("so it was made again with seed 9").wait_for()


def test_sliders_at_their_ends_reach_the_generator(compose, site):
    compose.locator("#more button").first.click()
    ends = {"Bars of the prompt": (1, 12), "Bars to compose": RANGES["bars"], "Takes": (1, 4),
            "Temperature": RANGES["temperature"], "Top-k": RANGES["top_k"], "Top-p": RANGES["top_p"],
            "No-repeat n-gram": RANGES["no_repeat_ngram"], "Guidance": RANGES["guidance"]}
    for end in (0, 1):
        for label, values in ends.items():
            set_slider(compose, label, values[end])
        go_on(compose)
        compose.locator(".run").nth(end).wait_for()
        compose.locator("#continue:enabled").wait_for()
        _, settings, takes = site.player.calls[end]
        asked = (settings.prompt_bars, settings.bars, takes, settings.temperature, settings.top_k,
                 settings.top_p, settings.no_repeat_ngram, settings.guidance)
        assert asked == pytest.approx(tuple(values[end] for values in ends.values()))


def test_a_preset_moves_the_sliders_and_a_slider_ends_the_preset(compose):
    compose.locator("#more button").first.click()
    character = compose.get_by_label("Character")
    assert character.input_value() == "Natural · 1 · top-p 0.95"
    character.click()
    assert compose.get_by_role("option").count() == 11      # the default, nine published ones and one's own
    compose.get_by_role("option", name="Adventurous · 0.9 · 30 · 12").click()
    heat = "document.querySelector('[aria-label=\"number input for Temperature\"]').value"
    compose.wait_for_function(f"{heat} === '0.9'")
    set_slider(compose, "Temperature", 0.4)
    compose.wait_for_function("document.querySelector('[aria-label=Character]').value === 'My own'")


def test_a_seed_that_is_no_number_gets_one_sentence(compose, site):
    compose.locator("#more button").first.click()
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("lucky")
    go_on(compose)
    compose.get_by_text("A seed is a whole number from 0 to 2147483647; received 'lucky'.").wait_for()
    compose.get_by_role("button", name="Draw a seed").click()
    compose.wait_for_function("/^[0-9]+$/.test(document.querySelector('#more input[type=text]').value)")
    go_on(compose)
    compose.locator(".take").wait_for()


# What visitors do besides

def test_a_double_click_composes_once(compose, site):
    compose.get_by_role("button", name="Continue", exact=True).dblclick()
    compose.locator(".take").wait_for()
    compose.wait_for_timeout(500)
    assert len(site.player.calls) == 1


def test_no_event_waits_in_gradios_queue(site, new_page):
    """Its one connection a visitor is closed after every answer, and what is sent just then is lost."""
    page, asked = new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    opened(site, page)
    page.locator(".card").nth(5).click()
    page.locator("#stage h3", has_text="Étude <5>").wait_for()
    go_on(page)
    page.locator(".take").wait_for()
    assert any("/run/" in url for url in asked)
    assert not any("/queue/" in url for url in asked)


def test_a_press_whose_answer_was_lost_finds_its_run_again(compose, site, watch):
    watch.expect("500")
    site.player.pace = 1.5

    answers = []

    def swallow(route) -> None:
        """The server hears the first press; the page does not hear the server."""
        if answers or len(route.request.post_data_json["data"]) < 10:       # Continue sends all the settings
            return route.continue_()
        answers.append(route.fetch())
        route.fulfill(status=500, json={"error": "lost"})

    compose.route("**/run/predict*", swallow)
    go_on(compose)
    compose.get_by_role("alert").filter(has_text="That did not go through.").wait_for()
    go_on(compose)
    compose.locator(".take").wait_for()
    assert len(answers) == len(site.player.calls) == 1


@pytest.mark.parametrize("leave", ["reload", "close"])
def test_leaving_ends_the_work_and_does_no_harm(site, new_page, watch, leave: str):
    watch.expect("AbortError|Connection errored out")       # Gradio's own words when a page goes
    page = opened(site, new_page())
    site.player.pace = 60
    go_on(page)
    page.get_by_text("notes so far").wait_for()
    getattr(page, leave)()
    deadline = time.monotonic() + 10
    while not site.player.ends and time.monotonic() < deadline:
        time.sleep(0.1)
    assert site.player.ends == ["cut short"]
    site.player.pace = 0.1
    again = opened(site, new_page() if leave == "close" else page)
    go_on(again)
    again.locator(".take").wait_for()


def test_two_visitors_compose_at_once_each_for_themselves(site, new_page):
    site.player.pace = 1.5
    one, two = opened(site, new_page()), opened(site, new_page())
    two.locator(".card").nth(5).click()
    two.locator("#stage h3", has_text="Étude <5>").wait_for()
    go_on(one)
    go_on(two)
    for page, title in ((one, "Étude <0>"), (two, "Étude <5>")):
        page.locator(".take").wait_for()
        assert title in page.locator(".run h3").inner_text()
        assert page.locator(".take").count() == 1


# The roll

def test_the_roll_is_sought_with_keys_and_pointer(compose):
    slider = compose.get_by_role("slider", name="Position in Étude <0>")
    slider.focus()
    for key, bar in (("ArrowRight", 2), ("ArrowRight", 3), ("PageUp", 7), ("ArrowLeft", 6), ("Home", 1)):
        compose.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext").endswith(f"of 0:24, bar {bar}"), key
    box = slider.bounding_box()
    slider.click(position={"x": box["width"] * 0.5, "y": 100})
    assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(12, abs=0.5)
    compose.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 100)
    compose.mouse.down()
    compose.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 100, steps=4)
    compose.mouse.up()
    assert float(slider.get_attribute("aria-valuenow")) == pytest.approx(18, abs=0.7)


def test_space_plays_and_the_playhead_follows_the_sound(compose):
    slider = compose.get_by_role("slider", name="Position in Étude <0>")
    slider.focus()
    before = slider.screenshot()
    compose.keyboard.press(" ")
    compose.locator("#stage .now", has_text="0:02").wait_for(timeout=MINUTE)
    compose.keyboard.press(" ")
    compose.get_by_role("button", name="Play Étude <0>").wait_for(timeout=MINUTE)
    assert slider.screenshot() != before


def test_an_instrument_can_be_pointed_out(compose):
    compose.locator(".card").nth(2).click()
    violin = compose.locator("#stage .legend").get_by_role("button", name="Hear only Violin")
    violin.wait_for()
    roll = compose.locator("#stage canvas")
    before = roll.screenshot()
    violin.click()
    assert violin.get_attribute("aria-pressed") == "true"
    assert roll.screenshot() != before


def test_the_canvas_is_sharp(site, new_page):
    page = opened(site, new_page(**PHONE, device_scale_factor=3))
    assert page.evaluate("(c => c.width / c.clientWidth)(document.querySelector('#stage canvas'))") == 3


def test_music_that_is_gone_says_so(site, new_page, watch):
    watch.expect("404")
    page = opened(site, new_page())
    page.evaluate("""document.querySelector('#stage').insertAdjacentHTML('beforeend',
        '<segue-player id="gone" src="/takes/no/roll.json" audio="/takes/no/take.mp3"></segue-player>')""")
    page.locator("#gone").get_by_text("This music is no longer kept here.").wait_for()


def test_a_page_that_waits_for_sounds_still_hears_its_visitor(compose, site, monkeypatch):
    """A browser has six connections to a server; sounds that are being rendered must not take them all."""
    rendered, file = threading.Event(), site.shelf.file
    sound = file(compose.locator("#stage segue-player").get_attribute("src").split("/")[2], "take.mp3")

    def render(token: str, kind: str) -> Path:
        if kind != "take.mp3":
            return file(token, kind)
        rendered.wait(MINUTE / 1000)
        return sound

    monkeypatch.setattr(site.shelf, "file", render)
    try:
        for number in range(1, 8):
            compose.locator(".card").nth(number).click()
            compose.locator("#stage h3", has_text=f"Étude <{number}>").wait_for()
        set_slider(compose, "Takes", 4)
        go_on(compose)
        compose.locator(".take[data-take='4'] .ticket").wait_for()
        compose.locator("#continue:enabled").wait_for()
        compose.keyboard.press("4")
        compose.get_by_role("button", name="Play Take 4").click()
        compose.locator(".take[data-take='4']").get_by_text("Tuning up").wait_for()
        assert not rendered.is_set()
    finally:
        rendered.set()
    compose.locator(".take[data-take='4'] .now", has_text="0:01").wait_for(timeout=MINUTE)


# Everywhere

@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_whole_page(site, new_page, scheme: str):
    page = opened(site, new_page(**PHONE, color_scheme=scheme))
    page.locator("#more button").first.click()
    go_on(page)
    page.locator(".take .total").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    small = page.evaluate("""[...document.querySelectorAll('button, a, label.card')]
        .filter(e => e.checkVisibility())
        .filter(e => !e.closest('[aria-hidden=true]') && e.getBoundingClientRect().height < 24)
        .map(e => `${e.tagName} ${e.innerText || e.ariaLabel}`)""")
    assert small == []


def test_the_keyboard_alone_is_enough(compose, site):
    """From the top of the page: tab to a card, to Continue, to the take's play button."""
    def tab_to(selector: str) -> None:
        for _ in range(60):
            compose.keyboard.press("Tab")
            if compose.evaluate("s => document.activeElement?.matches(s)", selector):
                return
        pytest.fail(f"{selector} is not reached")

    tab_to(".card input")
    compose.keyboard.press("ArrowDown")
    compose.locator("#stage h3", has_text="Étude <1>").wait_for()
    tab_to("#continue")
    compose.keyboard.press("Enter")
    compose.locator(".take .total").first.wait_for(timeout=MINUTE)
    tab_to(".take .play")
    compose.keyboard.press("Enter")
    compose.get_by_role("button", name="Pause Take 1").wait_for()


def test_what_gradio_fetches_for_others_is_closed(site):
    for path in ("file=https://example.org/", "proxy=https://a.hf.space/", "info", "openapi.json"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{site.url}/gradio_api/{path}")
        assert refused.value.code == 404
        refused.value.close()
