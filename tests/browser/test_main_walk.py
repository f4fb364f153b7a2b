"""Visitor, participant and researcher, from the first click to the downloaded export, with the real model."""

import csv
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model import describe, read

ROOT = Path(__file__).resolve().parent.parent.parent
STUDY = Path(__file__).with_name("walk.yaml")
MINUTE = 60_000         # Playwright counts milliseconds
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(chromium: str, serve, tmp_path_factory: pytest.TempPathFactory):
    """The real program, with the clips of the small study built by its own command."""
    data = tmp_path_factory.mktemp("walk") / "data"
    built = subprocess.run(
        [sys.executable, "-m", "survey", "build", STUDY, "--data", data], cwd=ROOT, timeout=600,
        env={**os.environ, "DATABASE_URL": "", "SEGUE_LIBRARY": ""}, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "walk: 4 of 4 clips are built." in built.stdout
    return serve(data)


def test_from_the_first_click_to_the_downloaded_export(site, new_page, tmp_path: Path):
    visit(new_page(), site.url, tmp_path)

    steps = take_part(new_page(**PHONE), f"{site.url}/study/walk")
    assert [kind for kind, _ in steps] == ["questions", "pair", "comment", "rating", "open_rating", "thanks"]

    data, report = research(new_page(), site, tmp_path)
    with zipfile.ZipFile(data) as archive:
        correct = assert_exported(archive)
    offline = new_page()
    offline.goto(report.as_uri())
    assert offline.locator(".headline").inner_text().startswith(f"In {correct} of 1 answer, listeners picked")


def test_a_visitor_stops_and_keeps_what_was_made(site, page):
    page.goto(site.url)
    page.locator("#stage segue-player").wait_for(timeout=3 * MINUTE)
    set_slider(page, "Bars to compose", 64)
    page.get_by_role("button", name="Continue").click()
    page.get_by_text(re.compile(r"[1-9]\d* notes? so far")).wait_for(timeout=2 * MINUTE)
    page.get_by_role("button", name="Stop and keep").click()
    page.locator(".take").get_by_text("You stopped it here").first.wait_for(timeout=MINUTE)
    page.locator("#continue:enabled").wait_for(timeout=MINUTE)


def visit(page, url: str, folder: Path) -> None:
    """Continues a piece from the library by four bars, hears it, and takes the files home."""
    page.goto(url)
    page.locator(".card").nth(1).click(timeout=3 * MINUTE)      # the scores are read at the first start
    title = page.locator(".card:has(:checked) .title").inner_text()
    stage = page.locator("#stage")
    stage.get_by_role("heading", name=title).wait_for()
    plays(stage.locator("segue-player"), page)

    set_slider(page, "Bars of the prompt", 4)
    set_slider(page, "Bars to compose", 4)
    page.get_by_role("button", name="Continue").click()
    done = page.get_by_text(re.compile(r"after 4 bars · 4 new bars · \d+ new notes?")).filter(visible=True)
    seen = page.locator(".take", has=done).filter(visible=True).first      # whichever was ready first
    seen.wait_for(timeout=3 * MINUTE)
    take = page.locator(f".take[data-take='{seen.get_attribute('data-take')}']")
    assert re.search(r"temperature 1 .* seed \d+", take.inner_text())
    plays(take.locator("segue-player"), page)

    score = describe(read(download(page, take.get_by_role("link", name="MIDI"), folder / "take.mid")))
    assert 4 < score.bars <= 8
    assert score.notes > 0
    for name in ("WAV", "MP3"):
        path = download(page, take.get_by_role("link", name=name), folder / f"take.{name.lower()}")
        samples, rate = soundfile.read(path)
        assert len(samples) / rate == pytest.approx(score.seconds, abs=4)
        assert np.abs(samples).max() > 0.01


def take_part(page, url: str) -> list[tuple[str, str]]:
    """Listens and answers to the end; reloads once on the way. Returns what was shown, step by step."""
    page.goto(url)
    page.get_by_role("button", name="I agree, let’s begin").click(timeout=MINUTE)
    seen = []
    while True:
        form = page.locator("form.step[data-step]")
        form.wait_for()
        step, kind = form.get_attribute("data-step"), form.get_attribute("data-kind")
        seen.append((kind, step))
        if kind == "thanks":
            return seen
        if kind == "rating":        # a reload loses nothing and comes back to the step that is due
            page.reload()
            page.locator(f'form[data-step="{step}"]').wait_for()
        answer(page, form, kind)
        page.locator(f'form.step:not([data-step="{step}"])').wait_for()


def research(page, site, folder: Path) -> tuple[Path, Path]:
    """Enters, at the second attempt with the right password; returns the downloaded data and report."""
    page.goto(f"{site.url}/research")
    enter(page, "not the password")
    page.locator("#refusal [role=alert]").wait_for()
    assert page.locator("#programme").is_hidden()
    enter(page, site.password)
    page.locator("#programme").get_by_role("radio", name="A short walk").check(timeout=MINUTE)
    page.locator("#programme label", has_text="A short walk").get_by_text("1 of 1 finished").wait_for()
    page.get_by_role("heading", name="A short walk", level=2).wait_for(timeout=MINUTE)
    page.get_by_role("tab", name="Results", exact=True).click()
    page.locator("#sentence").get_by_text("listeners picked the right clip").wait_for(timeout=MINUTE)
    data = page.get_by_role("button", name="Download the data")
    report = page.get_by_role("button", name="Download the report")
    return download(page, data, folder / "walk.zip"), download(page, report, folder / "report.html")


def answer(page, form, kind: str) -> None:
    for player in form.locator(".player").all():
        player.get_by_role("button", name=re.compile("^Play")).click()
        player.get_by_text("Heard").wait_for(timeout=MINUTE)
    if kind == "questions":
        form.get_by_role("radio", name="Yes", exact=True).check()
        form.get_by_role("radio", name="Expert", exact=True).check()
    elif kind == "pair":
        form.get_by_role("radio", name="A", exact=True).check()
    elif kind == "comment":
        form.get_by_role("textbox").fill("=by ear, \"mostly\"\nä")
    elif kind == "rating":
        form.get_by_role("radio", name="4", exact=True).check()
        form.get_by_role("checkbox", name="I think this was made by AI").check()
    else:
        form.get_by_role("radio", name="2", exact=True).check()
    form.get_by_role("button", name="Continue").click()


def assert_exported(archive: zipfile.ZipFile) -> int:
    """The files hold what the participant did, and nothing else; returns how many answers were right."""
    assert sorted(archive.namelist()) == [
        f"walk/{name}" for name in ("answers.csv", "codebook.md", "participants.csv", "stimuli.csv",
                                    "study.json")]
    tables = {name: list(csv.DictReader(io.StringIO(archive.read(f"walk/{name}.csv").decode("utf-8"))))
              for name in ("participants", "stimuli", "answers")}
    participant, = tables["participants"]
    assert (participant["musician"], participant["level"]) == ("yes", "expert")
    assert participant["finished_at"]
    assert sorted(clip["origin"] for clip in tables["stimuli"]) == ["ai", "ai", "ai", "human"]
    assert len({clip["lufs"][:4] for clip in tables["stimuli"]}) <= 2
    assert {float(clip["duration_s"]) for clip in tables["stimuli"]} == {3.0}

    pair, comment, rating, open_rating = tables["answers"]
    assert [row["kind"] for row in tables["answers"]] == ["pair", "comment", "rating", "open_rating"]
    assert pair["choice"] == "a"
    assert (pair["plays_a"], pair["plays_b"]) == ("1", "1")
    origins = {clip["stimulus_id"]: clip["origin"] for clip in tables["stimuli"]}
    assert {origins[pair["stimulus_a"]], origins[pair["stimulus_b"]]} == {"ai", "human"}
    assert comment["comment"] == "'=by ear, \"mostly\"\nä"
    assert (rating["rating"], rating["said_ai"]) == ("4", "true")
    assert open_rating["rating"] == "2"
    assert all(row["participant_id"] == participant["participant_id"] for row in tables["answers"])
    return int(origins[pair["stimulus_a"]] == "ai")


def plays(player, page) -> None:
    """The sound, rendered when it is asked for, is there, and the clock moves; a first take plays unasked."""
    play = player.get_by_role("button", name=re.compile("^Play"))
    if play.is_visible():
        play.click()
    player.get_by_text(re.compile("^0:(0[1-9]|[1-5][0-9])$")).wait_for(timeout=3 * MINUTE)
    player.get_by_role("button", name=re.compile("^Pause")).click()


def set_slider(page, label: str, value: int) -> None:
    box = page.get_by_role("spinbutton", name=label)
    box.fill(str(value))
    box.press("Tab")


def enter(page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Enter").click()


def download(page, link, path: Path) -> Path:
    with page.expect_download(timeout=2 * MINUTE) as started:
        link.click()
    started.value.save_as(path)
    return path
