"""Composing: the settings reach the generator, takes come, what went wrong is said."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from model.catalogue import Catalogue
from model.page import compose_page
from model.score import bar_seconds, read
from model.settings import PRESETS, RANGES, Settings
from model.shelf import Shelf
from tests.model.page.site import MINUTE, Player, go_on, more, set_slider


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
    more(compose)
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("41")
    go_on(compose)
    compose.get_by_text(re.compile(r"2 takes · \d+ notes so far")).wait_for()
    first, second = compose.locator(".take[data-take='1']"), compose.locator(".take[data-take='2']")
    first.wait_for()
    assert second.count() == 0
    first.get_by_role("button", name="Pause Take 1").wait_for()
    second.wait_for()
    first.get_by_text(re.compile("^0:1[5-9]$")).wait_for(timeout=MINUTE)    # went on while take 2 came
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


def test_the_best_of_several_tells_how_many_are_made_and_then_plays(compose, site):
    site.player.pace = 60
    more(compose)
    set_slider(compose, "Best of", 4)
    assert compose.locator("#runs .empty").inner_text() == "Press Continue, and the first take appears here."
    go_on(compose)
    compose.get_by_text(re.compile(r"\d of 4 candidates are made · \d+ notes so far")).wait_for()
    assert compose.locator("#runs .empty").inner_text() == "The first take will appear here."
    assert compose.locator("#status [role=progressbar]").get_attribute("aria-valuetext")
    site.player.pace = 0.1
    compose.get_by_role("button", name="Pause Take 1").wait_for(timeout=MINUTE)
    assert compose.locator("#runs .empty").count() == 0
    assert site.player.calls[0][1].best_of == 4
    assert compose.evaluate("document.querySelector('.take segue-player').time") >= 14      # a bar before


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
    more(compose)
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("7")
    go_on(compose)
    compose.get_by_text("so it was made again with seed 9").wait_for()


def test_sliders_at_their_ends_reach_the_generator(compose, site):
    more(compose)
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


def test_a_preset_moves_the_sliders_and_a_slider_ends_the_preset(compose, site):
    more(compose)
    character = compose.get_by_label("Character")
    assert character.input_value() == "Natural · 1 · top-p 0.95"
    character.click()
    assert compose.get_by_role("option").count() == 11      # the default, nine published ones and one's own
    compose.get_by_role("option", name="Adventurous · 0.9 · 30 · 12").click()
    heat = "document.querySelector('[aria-label=\"number input for Temperature\"]').value"
    compose.wait_for_function(f"{heat} === '0.9'")
    go_on(compose)
    compose.locator(".take").wait_for()
    set_slider(compose, "Temperature", 0.4)
    compose.wait_for_function("document.querySelector('[aria-label=Character]').value === 'My own'")
    compose.locator("#continue:enabled").click()
    compose.locator(".run").nth(1).wait_for()
    preset, own = (settings for _, settings, _ in site.player.calls)
    same = {name: getattr(preset, name) for name in ("seed", "bars", "prompt_bars", "best_of")}
    assert preset == replace(PRESETS["0.9 · 30 · 12"], **same)      # with what no slider shows
    assert (own.temperature, own.newcomers, own.returns) == (0.4, Settings.newcomers, Settings.returns)


def test_a_seed_that_is_no_number_gets_one_sentence(compose, site):
    more(compose)
    compose.get_by_role("textbox", name=re.compile("^Seed")).fill("lucky")
    go_on(compose)
    compose.get_by_text("A seed is a whole number from 0 to 2147483647; received 'lucky'.").wait_for()
    compose.get_by_role("button", name="Draw a seed").click()
    compose.wait_for_function("/^[0-9]+$/.test(document.querySelector('#more input[type=text]').value)")
    go_on(compose)
    compose.locator(".take").wait_for()
