"""What is kept of takes, what continues them and what reopens them; all of it asked for by anybody."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.generator import Take
from model.judging import Verdict
from model.keeping import OtherCheckpoint, Source, keep, reopen, resume, router
from model.provenance import RecipeError, fingerprint, pack, recipe
from model.score import Score, cut_bars, join, normalise
from model.settings import Settings, Start
from model.shelf import Shelf

SHA = "ab" * 32
GOOD = Verdict({"silence": 1.0}, {"silence": "No beat is silent."})
POOR = Verdict({"silence": 0.2}, {"silence": "Half of the beats are silent."})


@dataclass
class Player:
    """A generator as far as links know it; `of` gives the one of a name."""

    system: str = "one"
    checkpoint_sha256: str = SHA
    systems: tuple[str, ...] = ("one", "two")

    def of(self, name: str) -> Player:
        return self if name == "one" else Player("two", "cd" * 32)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.fixture
def source(music) -> Source:
    return Source('Étude <b> & "x"', normalise(music(bars=8)))


def take(source: Source, music, **changes) -> Take:
    """Of four bars after the first four of a prompt."""
    score = join(source.music, normalise(music(bars=4, seed=9)), at_bar=4)
    values = {"index": 0, "score": score, "seam_s": 8.0, "seam_bar": 4, "settings": Settings(seed=3, bars=4),
              "faults": (), "retried": False, "complete": True, "system": "one", "checkpoint_sha256": SHA,
              "tokens": 40, "notes": 20, "elapsed_s": 1.0, "verdict": GOOD, **changes}
    return Take(**values)


def token_of(html: str) -> str:
    return html.split('data-token="')[1][:22]


def link_of(html: str) -> str:
    return html.split('data-link="')[1].split('"')[0]


def wish(**said) -> str:
    return json.dumps(said)


def test_a_take_lies_on_the_shelf_with_its_html(shelf, source, music):
    html = keep(shelf, take(source, music), source)
    token = token_of(html)
    app = FastAPI()
    app.include_router(router(shelf))
    with TestClient(app) as browser:
        answer = browser.get(f"/takes/{token}/take.json")
        assert answer.json() == {"title": source.title, "html": html}
        assert answer.headers["content-type"] == "application/json"
        for other in ("x" * 22, "..%2F..%2Fetc", token[:-1] + ".", ".."):
            assert browser.get(f"/takes/{other}/take.json").status_code == 404
    assert "<b>" not in html
    recipe_in_file = f"segue-recipe:{link_of(html).partition('.')[2]}".encode()
    assert recipe_in_file in shelf.file(token, "take.mid").read_bytes()


def test_a_take_goes_on_after_one_of_its_bars(shelf, source, music):
    made = take(source, music)
    token = token_of(keep(shelf, made, source))
    for bar in (1, 6, 8):
        found = resume(shelf, wish(token=token, bar=bar))
        assert (found.title, found.parent) == (source.title, (token, bar))
        assert fingerprint(cut_bars(found.music, 0, bar)) == fingerprint(cut_bars(made.score, 0, bar))


@pytest.mark.parametrize("said", ["", None])
def test_without_a_wish_the_chosen_prompt_is_continued(shelf, said):
    assert resume(shelf, said) is None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.text(min_size=1) | st.integers(min_value=1) | st.lists(st.none(), min_size=1) | st.builds(
    lambda token, bar: json.dumps({"token": token, "bar": bar}),
    st.sampled_from(["x" * 22, "../" * 8, "", None, 7, []]) | st.text(),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())))
def test_a_forged_wish_to_go_on_gets_one_sentence(shelf, said):
    with pytest.raises(ValueError, match=r"^[A-Z][^\n]+\.$"):
        resume(shelf, said)


@pytest.mark.parametrize("bar", [0, -1, 9, 2001, True, 2.0, "3"])
def test_a_bar_that_is_not_there_gets_one_sentence(shelf, source, music, bar):
    token = token_of(keep(shelf, take(source, music), source))
    with pytest.raises(ValueError, match=r"^[A-Z][^\n]+\.$"):
        resume(shelf, wish(token=token, bar=bar))


def test_a_link_makes_its_take_anew(shelf, source, music):
    made = take(source, music)
    html = keep(shelf, made, source)
    player, found = reopen(Player(), wish(link=link_of(html)))
    assert player.system == "one"
    assert (found.title, found.again) == (source.title, token_of(html))
    assert found.expected.settings == replace(made.settings, prompt_bars=4)
    assert fingerprint(cut_bars(found.music, 0, 4)) == fingerprint(cut_bars(source.music, 0, 4))
    again = keep(shelf, made, found)
    assert f'data-again="{token_of(html)}"' in again
    assert "differ" not in again
    other = take(source, music, score=join(made.score, normalise(music(bars=1)), at_bar=8))
    assert "Some notes differ from those of the link" in keep(shelf, other, found)


def test_the_best_of_several_is_made_anew_alone(shelf, source, music):
    made = take(source, music, settings=Settings(seed=7, bars=4, best_of=4))
    _, found = reopen(Player(), wish(link=link_of(keep(shelf, made, source))))
    assert (found.expected.settings.best_of, found.expected.settings.seed) == (1, 7)


def test_candidates_that_were_not_chosen_are_kept_with_the_reasons(shelf, source, music):
    others = tuple(take(source, music, settings=Settings(seed=seed), verdict=POOR) for seed in (11, 12))
    html = keep(shelf, take(source, music, rejected=others), source)
    folded = html.split('<details class="rejected">')[1].split("</details>")[0]
    assert "2 that were not chosen" in folded
    assert "20 of 100, where the take has 100" in folded
    assert "Half of the beats are silent." in folded
    players = folded.split('src="/takes/')[1:]
    assert len({token_of(html), *(text[:22] for text in players)}) == 3
    assert all(shelf.file(text[:22], "take.mid").is_file() for text in players)
    assert "<segue-player" not in folded.split("<template>")[0]     # they ask for no sound until unfolded


def test_a_stopped_take_is_made_anew_as_far_as_it_came(shelf, source, music):
    html = keep(shelf, take(source, music, complete=False), source, stopped="You stopped it.")
    _, found = reopen(Player(), wish(link=link_of(html)))
    assert found.expected.steps == 40
    again = keep(shelf, take(source, music, complete=False), found)
    assert "Here it was stopped" in again
    assert "full before its end" not in again


def test_a_checkpoint_under_another_name_is_found(shelf, source, music):
    made = take(source, music, system="renamed", checkpoint_sha256="cd" * 32)
    player, _ = reopen(Player(), wish(link=link_of(keep(shelf, made, source))))
    assert player.system == "two"


def test_another_checkpoint_is_named_and_offered(shelf, source, music):
    made = take(source, music, checkpoint_sha256="ef" * 32)
    link = link_of(keep(shelf, made, source))
    with pytest.raises(OtherCheckpoint, match=r"^This take was made by another checkpoint \(one, efefefef\)"):
        reopen(Player(), wish(link=link))
    player, found = reopen(Player(), wish(link=link, anyway=True))
    assert (player.system, found.again) == ("one", "")
    said = keep(shelf, take(source, music), found)
    assert "was made by another checkpoint" in said


def test_a_take_from_nothing_is_made_anew(shelf, source, music):
    start = Source("Out of nothing", Start((0, 128), 90.0))
    made = take(source, music, seam_bar=0, seam_s=0.0)
    html = keep(shelf, made, start)
    _, found = reopen(Player(), wish(link=link_of(html)))
    assert found.music == start.music


def test_a_prompt_too_long_for_a_link_says_so(shelf, music):
    dense = Source("Long", normalise(music(bars=64, notes=16, programs=tuple(range(12)))))
    score = join(dense.music, normalise(music(bars=4)), at_bar=64)
    made = take(dense, music, score=score, seam_bar=64)
    assert len(pack(recipe(made, dense.music, "Long"))) > 12_000
    html = keep(shelf, made, dense)
    assert link_of(html) == token_of(html) + "."
    with pytest.raises(RecipeError, match="too long for its link"):
        reopen(Player(), wish(link=link_of(html)))


@pytest.mark.parametrize("said", [None, "", "x", "[]", "7", "{}", wish(link=None), wish(link="x"), "[" * 9999,
                                  wish(link="x" * 22 + "."), wish(link="x" * 22 + ".AAAA"), 7, ["link"]])
def test_a_forged_link_gets_one_sentence(said):
    with pytest.raises(RecipeError, match=r"^[A-Z][^\n]+\.$"):
        reopen(Player(), said)


def test_a_score_stays_the_same_through_its_file(shelf, source, music):
    """What is continued is read from the take's own file: silence at its beginning must stay."""
    late = Score(480)
    track = normalise(music(bars=2)).tracks[0]
    for note in track.notes:
        note.time += 4 * 480 * 3
    late.tracks.append(track)
    late = normalise(late)
    token = token_of(keep(shelf, take(source, music, score=late), source))
    assert fingerprint(resume(shelf, wish(token=token, bar=5)).music) == fingerprint(late)
