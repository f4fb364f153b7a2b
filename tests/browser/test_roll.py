"""The player on a page of its own: zoom, instruments, choosing bars, and music that is still being made."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.axe import violations
from tests.browser.roll_site import Site, site
from tests.model.takes import until

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PLAYER = "document.querySelector('segue-player')"
VIEW = f"(v => [v.from, v.seconds])({PLAYER}.roll.view)"


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("takes")) as it:
        it.shelf.file(it.token, "take.mp3")
        yield it


@pytest.fixture
def it(running: Site) -> Site:
    running.bars, running.open, running.asked, running.attempt = 4, True, 0, 0
    running.streams.clear()
    running.choices.clear()
    return running


def opened(page, address: str):
    page.goto(address)
    page.locator(".legend li").first.wait_for()
    page.evaluate("""(() => {
        window.said = [];
        for (const name of ['segue-region', 'segue-bar'])
          document.addEventListener(name, event => said.push([name, event.detail]));
    })()""")
    return page


def pixels(page) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(page.locator("canvas").screenshot())).convert("RGB"), int)


def time_of(page) -> float:
    return page.evaluate(f"{PLAYER}.time")


# Zoom and scroll

def test_plus_minus_and_the_wheel_zoom_about_where_one_looks(page, it):
    opened(page, it.page())
    assert page.evaluate(VIEW) == [0, 16]
    slider = page.get_by_role("slider", name="Position in Piece")
    slider.focus()
    for key in ("+", "="):
        page.keyboard.press(key)
    assert page.evaluate(VIEW) == [0, pytest.approx(16 / 1.5**2)]
    page.keyboard.press("0")
    box = slider.bounding_box()
    x = box["x"] + page.evaluate(f"{PLAYER}.roll.x(12)")
    page.mouse.move(x, box["y"] + 100)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function(f"{PLAYER}.roll.view.seconds < 12")
    assert box["x"] + page.evaluate(f"{PLAYER}.roll.x(12)") == pytest.approx(x, abs=1)
    page.get_by_role("button", name="Show the whole piece").click()
    assert page.evaluate(VIEW) == [0, 16]
    assert page.get_by_role("button", name="Zoom out").is_disabled()


def test_zoomed_a_drag_and_a_sideways_wheel_scroll_and_a_click_seeks(page, it):
    opened(page, it.page())
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 800, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 100, steps=4)
    page.mouse.up()
    dragged = page.evaluate(VIEW)[0]
    assert dragged > 1
    assert time_of(page) == 0
    page.mouse.wheel(150, 0)
    page.wait_for_function(f"{PLAYER}.roll.view.from > {dragged}")
    second = page.evaluate(f"{PLAYER}.roll.view.timeAt(600)")
    page.mouse.click(box["x"] + 600, box["y"] + 100)
    assert time_of(page) == pytest.approx(second, abs=0.05)


def test_two_fingers_zoom_and_one_finger_taps(new_page, it):
    page = opened(new_page(**PHONE), it.page())
    box = page.locator("canvas").bounding_box()
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *xs: float) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [
            {"x": box["x"] + x, "y": box["y"] + 120, "id": number} for number, x in enumerate(xs)]})

    fingers("touchStart", 150, 200)
    for further in range(0, 100, 20):
        fingers("touchMove", 150 - further, 200 + further)
    fingers("touchEnd")
    start, seconds = page.evaluate(VIEW)
    assert seconds < 8
    page.touchscreen.tap(box["x"] + 200, box["y"] + 120)
    assert start < time_of(page) < start + seconds
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_page_turns_with_the_playhead(new_page, it):
    page = opened(new_page(reduced_motion="reduce"), it.page())
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    seconds = page.evaluate(VIEW)[1]
    page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.roll.view.from > 1")
    page.get_by_role("button", name="Pause Piece").click()
    start = page.evaluate(VIEW)[0]
    assert start < time_of(page) < start + seconds / 2


# Drawing

def test_loud_notes_are_drawn_darker_than_soft_ones(page, it):
    opened(page, it.page())
    sheet, canvas = np.array([255, 253, 248]), pixels(page)

    def ink(at: float) -> float:
        """How far the body of the first piano note of a bar is from the sheet."""
        x = page.evaluate(f"{PLAYER}.roll.x({at + 0.15})")
        y = page.evaluate(f"(r => r.y(72) + r.row / 2)({PLAYER}.roll)")
        return float(np.abs(canvas[round(y), round(x)] - sheet).sum())

    notes = page.evaluate(f"{PLAYER}.roll.music.tracks[0].notes.filter(n => n[2] === 72).map(n => n[0])")
    assert ink(notes[-1]) > 1.3 * ink(notes[0])


def test_only_what_is_in_view_is_drawn(page, it):
    """5,000 notes, far from the visitor's eyes but for a few."""
    opened(page, it.page())
    drawn = page.evaluate("""async () => {
        const { Notes } = await import('/static/roll_notes.js');
        const rounds = Path2D.prototype.rect;
        let count = 0;
        Path2D.prototype.rect = function (...box) { count += 1; return rounds.apply(this, box); };
        const many = Array.from({ length: 5000 }, (_, i) => [i / 10, 0.05, 60, 80]);
        const notes = new Notes([{ drum: false, notes: many }]);
        const place = { x: s => s * 10, y: () => 0, row: 5 };
        const ink = { voices: Array(8).fill('#000') };
        notes.draw(document.createElement('canvas').getContext('2d'), 100, 110, place, ink, () => true);
        Path2D.prototype.rect = rounds;
        return count;
    }""")
    assert 100 <= drawn <= 105


def test_light_and_dark_differ_and_axe_is_content(new_page, it):
    for attributes in ({}, {"data-dark": ""}):
        page = opened(new_page(**PHONE, reduced_motion="reduce"),
                      it.page(choose_region="", choose_bar="", seam="8", **attributes))
        assert violations(page) == []
        paper = pixels(page)[0, 100].mean()
        assert (paper < 60) == bool(attributes)
        small = page.evaluate("""[...document.querySelectorAll('segue-player :is(button, .handle)')]
            .map(e => [e.title || e.className, e.getBoundingClientRect().height])
            .filter(([, height]) => height < 44)""")
        assert small == []


# Instruments

def test_solo_and_mute_change_the_sound_and_keep_the_place(page, it):
    opened(page, it.page())
    page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.time > 0.3")
    before = pixels(page)
    with page.expect_response("**/voices/1.mp3") as solo:
        page.get_by_role("button", name="Hear only Violin").click()
    assert solo.value.ok
    page.wait_for_function("(a => a.src.startsWith('blob:') && a.currentTime > 0.5)"
                           f"({PLAYER}.sound.audio)")
    assert page.evaluate(f"{PLAYER}.playing")
    assert (pixels(page) != before).any()
    assert page.get_by_role("button", name="Hear only Violin").get_attribute("aria-pressed") == "true"
    with page.expect_response("**/voices/1-2.mp3"):     # two can be heard together
        page.get_by_role("button", name="Hear only Cello").click()
    with page.expect_response("**/take.mp3"):
        for name in ("Violin", "Cello"):
            page.get_by_role("button", name=f"Hear only {name}").click()
    page.get_by_role("button", name="Pause Piece").click()
    reached = time_of(page)
    with page.expect_response("**/voices/0-1-2.mp3"):
        page.get_by_role("button", name="Mute Drums").press("Enter")
    page.wait_for_function(f"{PLAYER}.sound.audio.readyState > 2")
    assert time_of(page) == pytest.approx(reached, abs=0.1)
    for name in ("Grand Piano", "Violin", "Cello"):
        page.get_by_role("button", name=f"Mute {name}").click()
    assert page.evaluate(f"{PLAYER}.sound.audio.muted")


# Choosing bars

def test_bars_are_chosen_by_dragging_with_shift(page, it):
    opened(page, it.page(choose_region="", used_bars="12"))
    box = page.locator("canvas").bounding_box()
    from_, to = (page.evaluate(f"{PLAYER}.roll.x({second})") for second in (2.5, 9.5))
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + to, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + from_, box["y"] + 60, steps=5)
    assert page.evaluate("said") == []
    page.mouse.up()
    assert page.evaluate("said") == [["segue-region", {"from": 2, "to": 10}]]
    assert page.locator("segue-player").get_attribute("region") == "2-10"
    assert time_of(page) == 0


def test_bars_are_chosen_with_handles_by_finger_and_keys(new_page, it):
    page = opened(new_page(**PHONE), it.page(choose_region="", used_bars="12"))
    first, last = (page.get_by_role("slider", name=f"{end} bar that is used") for end in ("First", "Last"))
    assert [end.get_attribute("aria-valuetext") for end in (first, last)] == ["Bar 1", "Bar 12"]
    first.focus()
    page.keyboard.press("ArrowRight")
    last.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("said.map(([, region]) => region)") == [{"from": 1, "to": 12}, {"from": 1, "to": 8}]
    page.keyboard.press("Home")         # at least one bar is left
    assert page.evaluate("said.at(-1)[1]") == {"from": 1, "to": 2}
    box, target = last.bounding_box(), page.evaluate(f"{PLAYER}.roll.x(14)")
    touch = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + 40
    for kind, at in (("touchStart", x), ("touchMove", (x + target) / 2), ("touchMove", target + 17)):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate("said.at(-1)[1]") == {"from": 1, "to": 14}


def test_a_bar_to_go_on_from_is_chosen(page, it):
    opened(page, it.page(choose_bar="", seam="8"))
    handle = page.get_by_role("slider", name="Bar to go on from")
    assert handle.get_attribute("aria-valuetext") == "The end"
    before = pixels(page)
    handle.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("said") == [["segue-bar", {"bar": 12}]]
    assert handle.get_attribute("aria-valuetext") == "Bar 13"
    assert (pixels(page) != before).any()
    page.evaluate(f"{PLAYER}.removeAttribute('bar')")
    assert handle.get_attribute("aria-valuetext") == "The end"


def test_nothing_can_be_chosen_where_nobody_asks(page, it):
    opened(page, it.page(used_bars="8"))
    assert page.locator(".handle").count() == 0
    box = page.locator("canvas").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 60, steps=3)
    page.mouse.up()
    assert page.evaluate("said") == []


# Music that grows

def test_music_is_heard_and_seen_while_it_is_made(page, it):
    opened(page, it.growing(seam="2", autoplay_from="1"))
    assert page.evaluate(f"{PLAYER}.length") == 4
    if not page.evaluate(f"{PLAYER}.playing"):      # no page may start by itself before it was touched
        page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.time > 1.3")
    assert it.streams == [1.0]
    where, canvas = page.evaluate(VIEW), pixels(page)
    it.bars = 5
    page.wait_for_function(f"{PLAYER}.length === 5")
    assert page.evaluate(VIEW) == where         # nothing jumped
    assert (pixels(page) != canvas).any()
    it.bars, it.open = 16, False
    page.wait_for_function(f"{PLAYER}.length === 16")
    asked = it.asked
    reached = time_of(page)
    page.wait_for_function(f"{PLAYER}.time > {reached + 0.5}")
    assert page.evaluate(f"{PLAYER}.playing")
    assert it.streams == [1.0]                  # the stream plays on
    with page.expect_request("**/growing/take.mp3"):
        page.evaluate(f"{PLAYER}.seek(0.5)")
    page.wait_for_function(f"{PLAYER}.time > 0.6 && {PLAYER}.time < 5")
    assert it.asked == asked                    # nobody asks for it any longer


def test_it_starts_by_itself_where_the_visitor_has_touched_the_page(page, it):
    opened(page, it.page())
    it.bars = 6                 # Chromium begins a stream once 32 KiB are here, 1.6 s of it
    page.locator("h1").click()
    page.evaluate("""document.querySelector('segue-player').insertAdjacentHTML('afterend',
        '<segue-player id="new" src="/takes/growing/roll.json" audio="/takes/growing/take.mp3" '
        + 'live="/takes/growing/live.mp3" autoplay-from="2.5" name="New"></segue-player>')""")
    page.wait_for_function("document.querySelector('#new').time > 2.7")
    assert it.streams == [2.5]
    assert page.get_by_role("button", name="Pause New").is_visible()


def test_a_place_in_growing_music_is_sought_with_a_stream_of_its_own(page, it):
    it.bars = 6
    opened(page, it.growing())
    page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.time > 0.2")
    for second in (1, 2, 3):
        page.evaluate(f"{PLAYER}.seek({second})")
    page.wait_for_function(f"{PLAYER}.time > 3.1")
    assert it.streams == [0.0, 3.0]
    assert page.evaluate(f"{PLAYER}.time") < 6


def test_instruments_are_muted_while_the_music_grows(page, it):
    it.bars = 6
    opened(page, it.growing())
    page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.time > 0.3")
    page.get_by_role("button", name="Mute Violin").click()
    assert until(lambda: it.choices == ["", "without=40"])
    page.wait_for_function(f"{PLAYER}.time > {it.streams[-1]} + 0.2 && {PLAYER}.playing")
    assert it.streams[-1] > 0.2, "it goes on where it was"
    page.get_by_role("button", name="Hear only Cello").click()
    assert until(lambda: it.choices[2:] == ["only=42"])
    page.get_by_role("button", name="Hear only Cello").click()
    page.get_by_role("button", name="Mute Violin").click()
    assert until(lambda: it.choices[-1] == "") and len(it.choices) <= 5


def test_a_take_that_is_begun_anew_is_heard_from_its_beginning(page, it):
    it.bars = 6
    opened(page, it.growing(autoplay_from="0.5"))
    if not page.evaluate(f"{PLAYER}.playing"):
        page.get_by_role("button", name="Play Piece").click()
    page.wait_for_function(f"{PLAYER}.time > 1.5")
    it.attempt, it.bars = 1, 4
    page.wait_for_function(f"{PLAYER}.length === 4 && {PLAYER}.time < 1.5")
    page.wait_for_function(f"{PLAYER}.time > 0.7")
    assert it.streams[-1] == 0.5
    assert len(it.streams) <= 3         # one more than it takes, where the browser refused to begin by itself


def test_growing_music_that_is_dropped_says_so(page, it, watch):
    watch.expect("404")
    opened(page, it.growing())
    page.route("**/growing/roll.json", lambda route: route.fulfill(status=404))
    page.get_by_text("This music is no longer kept here.").wait_for()


# What browsers keep

def test_no_file_is_used_unasked(page, it):
    kept = page.request.get(f"{it.url}/static/roll.js")
    assert kept.headers["cache-control"] == "no-cache"
    again = page.request.get(f"{it.url}/static/roll.js", headers={"If-None-Match": kept.headers["etag"]})
    assert again.status == 304
