"""Recipes: what goes into a link comes out of it; what anybody else puts there is refused with a sentence."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import music
from model.metre import METRES, align
from model.midifile import parse
from model.plan import used_bars
from model.provenance import (
    LONGEST,
    Recipe,
    RecipeError,
    fingerprint,
    link,
    pack,
    read_link,
    recipe,
    texts,
    unpack,
)
from model.score import Score, cut_bars, write
from model.settings import RANGES, Settings, Start

TOKEN = "t" * 22
FACTS = ["v", "title", "number", "system", "checkpoint", "settings", "steps", "notes", "prompt"]
NOTES = st.tuples(st.integers(0, 30_000), st.integers(1, 9_000), st.integers(0, 127), st.integers(1, 127))
METRE = st.sampled_from(sorted(METRES))


@st.composite
def scores(draw) -> Score:
    """Any music: silent bars at both ends, changes of tempo and metre, drums."""
    notes = draw(st.dictionaries(st.integers(0, 128), st.lists(NOTES, min_size=1, max_size=12), min_size=1,
                                 max_size=4))
    parts = {program: np.array([(on, on + long, *rest) for on, long, *rest in its], np.int64)
             for program, its in notes.items()}
    changes = draw(st.lists(st.tuples(st.integers(0, 20_000), st.integers(200_000, 1_500_000)), max_size=3))
    metres = draw(st.lists(st.tuples(st.integers(0, 20_000), METRE), max_size=3))
    grid, _ = align((tick, *metre) for tick, metre in metres)
    return music.pack(music.Music(music.merge(parts), music.tempi(changes)[0], grid))


def made(prompt: Score | Start, bars: int = 4, **settings) -> Recipe:
    """Of what looks like take 2 after some bars of the prompt."""
    nothing = isinstance(prompt, Start)
    take = SimpleNamespace(index=1, score=Score(480) if nothing else prompt, seam_bar=0 if nothing else bars,
                           settings=Settings(**settings), complete=True, tokens=99, system="segue-base",
                           checkpoint_sha256="ab" * 32)
    return recipe(take, prompt, "Étude <1> 練習曲")


def forged(change) -> str:
    """A good recipe that ``change`` has had its hands on."""
    text = pack(made(music.pack(music.Music({0: np.array([[0, 480, 60, 80]])}, [(0, 500_000)], [(0, 4, 4)]))))
    facts = json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "==")))
    change(facts)
    return packed(json.dumps(facts).encode())


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")


@settings(max_examples=40)
@given(score=scores(), bars=st.integers(1, 20), seed=st.integers(*RANGES["seed"]),
       temperature=st.floats(*RANGES["temperature"]), whistle=st.booleans())
def test_a_recipe_comes_back_as_it_was(score, bars, seed, temperature, whistle):
    before = made(score, bars, seed=seed, temperature=temperature, whistle=whistle)
    after = unpack(pack(before))
    assert replace(after, prompt=None) == replace(before, prompt=None)
    assert fingerprint(after.prompt) == fingerprint(before.prompt)
    assert after.settings.prompt_bars == bars


@settings(max_examples=40)
@given(score=scores(), bars=st.integers(1, 20))
def test_the_model_is_given_the_same_bars_again(score, bars):
    """Silent ones at the end of the prompt, too: the seam stays where it was."""
    before = cut_bars(score, 0, bars)
    used, count = used_bars(unpack(pack(made(score, bars))).origin(), bars)
    assert count == bars
    assert fingerprint(used) == fingerprint(before)


@settings(max_examples=40)
@given(programs=st.lists(st.integers(0, 128), min_size=1, max_size=16), tempo=st.floats(40, 250))
def test_a_start_from_nothing_comes_back(programs, tempo):
    start = Start(tuple(programs), tempo)
    assert unpack(pack(made(start))).origin() == start


@settings(max_examples=40)
@given(score=scores(), note=st.integers(0, 3))
def test_a_changed_note_is_noticed(score, note):
    other = score.copy()
    notes = other.tracks[0].notes
    notes[note % len(notes)].velocity = notes[note % len(notes)].velocity % 127 + 1
    assert fingerprint(other) != fingerprint(score)


def test_the_midi_file_of_a_take_holds_its_recipe():
    score = music.pack(music.Music({0: np.array([[0, 480, 60, 80]])}, [(0, 500_000)], [(0, 4, 4)]))
    text = pack(made(score, seed=41))
    data = write(score, texts=texts(unpack(text), text))
    assert [track.notes for track in parse(data).tracks if track.notes] == [[(0, 480, 60, 80, 0)]]
    for fact in (f"segue-recipe:{text}", "take 2", "after bar 4", "seed 41", "checkpoint sha256 " + "ab" * 32,
                 "system segue-base"):
        assert fact in data.decode("latin-1")


# What anybody may send

@settings(max_examples=40)
@given(st.text(max_size=200) | st.binary(max_size=200).map(packed) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FACTS), inner),
    max_leaves=9).map(lambda facts: packed(json.dumps(facts).encode())))
def test_whatever_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError, match=r"^[A-Z].+\.$"):
        unpack(text)


@settings(max_examples=40)
@given(st.data())
def test_a_changed_recipe_is_refused_or_still_in_range(data):
    """One value anywhere in it replaced by another."""
    value = data.draw(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
                      | st.sampled_from([[], {}, 10**400, [[[]]] * 5]))

    def change(facts):
        place = facts
        while True:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not (isinstance(place[key], dict | list) and place[key]) or data.draw(st.booleans()):
                place[key] = value
                return
            place = place[key]

    try:
        found = unpack(forged(change))
    except RecipeError:
        return
    assert len(found.title) <= 200
    assert isinstance(found.settings.seed, int)
    assert isinstance(found.settings.whistle, bool)
    if not isinstance(found.prompt, Start):
        assert len(write(found.prompt)) < 10_000_000


@pytest.mark.parametrize("change", [
    lambda facts: facts.update(v=2),
    lambda facts: facts["settings"].update(temperature=99),
    lambda facts: facts["settings"].update(seed=-1),
    lambda facts: facts["settings"].update(whistle=1),
    lambda facts: facts["settings"].update(wish="gold"),
    lambda facts: facts["settings"].update(style="x" * 101),
    lambda facts: facts.update(checkpoint="../../etc/passwd"),
    lambda facts: facts.update(title="a\nb"),
    lambda facts: facts.update(number=True),
    lambda facts: facts["prompt"].update(metres=[[0, 0, 4]]),
    lambda facts: facts["prompt"].update(tempos=[[10**9, 500_000]]),
    lambda facts: facts["prompt"]["parts"].update({"129": [[0], [9], [60], [80]]}),
    lambda facts: facts["prompt"]["parts"].update({"1": [[0] * 9_000] * 4}),
    lambda facts: facts["prompt"]["parts"].update({"1": [[0, 1], [9], [60], [80]]}),
    lambda facts: facts.update(prompt={"programs": [], "tempo": 120}),
    lambda facts: facts.update(prompt={"programs": [0] * 17, "tempo": 120}),
    lambda facts: facts.update(prompt={"programs": [0], "tempo": float("nan")}),
    lambda facts: facts.pop("notes"),
])
def test_a_forged_recipe_is_refused(change):
    with pytest.raises(RecipeError):
        unpack(forged(change))


def test_a_bomb_does_not_go_off():
    with pytest.raises(RecipeError):
        unpack(packed(b"[" * 5_000_000))
    with pytest.raises(RecipeError):
        unpack(packed(b"[" * 300_000))
    with pytest.raises(RecipeError):
        unpack("A" * (LONGEST + 1))


def test_a_link_holds_what_fits():
    text = pack(made(Start((0,), 120.0), whistle=True))
    assert read_link(link(TOKEN, text)) == (TOKEN, text)
    assert read_link(link(TOKEN, "A" * (LONGEST + 1))) == (TOKEN, "")


@pytest.mark.parametrize("text", [None, 7, "", "v1", TOKEN, f"{TOKEN}x.", f"../{TOKEN[3:]}.", f"{TOKEN}.a b",
                                  f"{TOKEN}.{'A' * (LONGEST + 1)}", f"{TOKEN}.AA\n"])
def test_what_is_no_link_is_refused(text):
    with pytest.raises(RecipeError):
        read_link(text)


def test_later_settings_have_their_defaults_in_older_links():
    assert unpack(forged(lambda facts: facts["settings"].pop("density"))).settings == replace(
        made(Start(), 0).settings, prompt_bars=4)
    assert asdict(Settings())["density"] == 0
