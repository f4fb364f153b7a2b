"""A duel's two sides differ in the music alone; the stock is filled when the machine is free, and bounded."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

import pyloudnorm
import pytest
import soundfile
from symusic import TimeSignature

from model.blind.clips import LUFS
from model.duels.making import LUFS_DRAWN, PROMPT_BARS, SECONDS, make, passages
from model.duels.stock import READY, Crowded, Stock
from model.duels.store import DuelStore
from model.generator import Take
from model.pool import Pool
from model.score import bar_seconds, cut_seconds, read
from model.settings import Settings
from tests.survey.fakes import FakeMachine, melody, same


@dataclass(frozen=True)
class Piece:
    """A piece by somebody."""

    number: int = 1
    bars: int = 24
    in_training: bool = False
    tempo: float = 100
    title: str = "Air"
    composer: str = "Anon."
    licence: str = "CC0-1.0"
    source: str = "a drawer"

    @property
    def id(self) -> str:
        return f"piece-{self.number}"

    def score(self):
        return melody(self.number, self.bars, tempo=self.tempo)


class Machine(FakeMachine):
    """Plays at once; `spare` workers are free."""

    spare = 1

    def compose(self, prompt, settings) -> Take:
        return next(event for event in self.stream(prompt, settings) if isinstance(event, Take))


@pytest.fixture(scope="module")
def two():
    """The same passage made twice."""
    passage = passages(Piece(), same)[0]
    return [make(passage, Machine().compose, random.Random(seed), same) for seed in (1, 2)]


def test_both_sides_are_equally_long_and_loud_and_begin_alike(two, tmp_path):
    for made in two:
        facts, sounds = made.facts, {name: sound for name, (sound, _) in made.files.items()}
        assert len({len(sound) for sound in sounds.values()}) == 1
        loudness = []
        for name, sound in sounds.items():
            (path := tmp_path / f"{name}.mp3").write_bytes(sound)
            samples, rate = soundfile.read(path)
            assert len(samples) / rate == pytest.approx(SECONDS, abs=0.1)
            loudness.append(pyloudnorm.Meter(rate).integrated_loudness(samples))
        assert abs(loudness[0] - loudness[1]) < 0.1
        assert all(abs(one - LUFS) < LUFS_DRAWN + 0.1 for one in loudness)
        human, machine = (read(made.files[name][1]) for name in (facts.human, facts.machine))
        lead = [cut_seconds(music, 0, facts.seam_s - 0.01).tracks[0].notes for music in (human, machine)]
        assert lead[0] == lead[1] and len(lead[0]) == 4 * facts.lead_bars
        assert human.tracks[0].notes != machine.tracks[0].notes
        assert facts.seam_s == pytest.approx(float(bar_seconds(human)[facts.lead_bars]), abs=1e-3)


def test_the_same_human_clip_never_has_the_same_bytes_again(two):
    one, other = two
    assert one.files[one.facts.human][1] == other.files[other.facts.human][1]       # the same music
    assert one.files[one.facts.human][0] != other.files[other.facts.human][0]
    assert one.facts.human_audio_sha256 != other.facts.human_audio_sha256
    assert not set(one.files) & set(other.files)


def test_a_name_does_not_tell_whose_file_it_is(two):
    assert all(len(name) == 32 and int(name, 16) >= 0 for made in two for name in made.files)


def test_where_it_comes_from_is_kept(two):
    facts = two[0].facts
    assert (facts.title, facts.composer, facts.licence) == ("Air", "Anon.", "CC0-1.0")
    assert (facts.system, facts.checkpoint_sha256, facts.prompt_bars) == ("fake", "c0ffee" * 10, PROMPT_BARS)
    assert f'"seed": {facts.seed}' in facts.settings and "fluidsynth" in facts.renderer


def test_only_what_the_model_has_not_seen_and_goes_on_long_enough_becomes_a_duel():
    assert [one.first for one in passages(Piece(bars=24), same)] == [0, 4, 8]
    assert passages(Piece(in_training=True), same) == []
    assert passages(Piece(bars=PROMPT_BARS), same) == []
    assert passages(Piece(bars=PROMPT_BARS + 3), same) == []
    assert all(one.rules.lead_bars == 2 for one in passages(Piece(), same))

    class Turning(Piece):
        def score(self):
            score = super().score()
            score.time_signatures.append(TimeSignature(8 * 1920, 3, 4))
            return score

    assert passages(Turning(), same) == []


def test_a_machine_that_falls_silent_makes_no_duel():
    machine = Machine()
    machine.always = ("empty",)
    assert make(passages(Piece(), same)[0], machine.compose, random.Random(1), same) is None
    assert len(machine.calls) == 3


# The stock

@pytest.fixture
def stock(tmp_path: Path, two, monkeypatch) -> Stock:
    """A stock whose duels are the one that was made, so that it is quick."""
    def quick(passage, compose, chance, round_trip):
        compose(passage.piece.score(), Settings(prompt_bars=8))
        names = [f"{chance.getrandbits(128):032x}" for _ in "hm"]
        facts = type(two[0].facts)(**{**two[0].facts.model_dump(), "id": None, "human": names[0],
                                      "machine": names[1], "piece_id": passage.piece.id,
                                      "first_bar": passage.first})
        return replace(two[0], facts=facts, files=dict(zip(names, two[0].files.values(), strict=True)))

    monkeypatch.setattr("model.duels.stock.make", quick)
    return Stock(tmp_path / "duels", DuelStore(tmp_path / "duels.db"), Machine(),
                 lambda: [Piece(number) for number in range(3)], same, random.Random(5))


def test_a_few_are_made_ahead_and_no_more(stock):
    while stock.fill():
        pass
    assert stock._store.ready() == READY
    assert len(list(stock.folder.glob("*.mp3"))) == len(list(stock.folder.glob("*.mid"))) == 2 * READY
    uses = stock._store.uses()
    assert max(uses.values()) == 1 and len({piece for piece, _ in uses}) == 3      # in turn
    stock._store.give("me")
    assert stock.fill() and not stock.fill()


def test_whoever_composes_goes_first(stock):
    stock._machine.spare = 0
    with pytest.raises(Crowded):
        stock.fill()
    stock._machine.spare = 1
    stream = stock._machine.stream

    def crowded(prompt, settings, takes=1, stop=None):
        for event in stream(prompt, settings, takes, stop):
            stock._machine.spare = -1           # somebody has come meanwhile
            yield event

    stock._machine.stream = crowded
    with pytest.raises(Crowded):
        stock.fill()
    assert stock._store.ready() == 0 and not list(stock.folder.iterdir())


def test_files_of_duels_that_are_over_go(stock, monkeypatch):
    stock.fill()
    monkeypatch.setattr("model.duels.stock.TIDY_S", -1.0)
    (stock.folder / "orphan.mp3").write_bytes(b"x")
    stock.tidy()
    assert len(list(stock.folder.iterdir())) == 4
    stock._store.give("me")
    for _ in "12":
        stock.fill()
        stock._store.give("me")
    stock.tidy()
    assert len(list(stock.folder.iterdir())) == 4       # the one that is open


def test_it_ends_when_it_is_told(stock):
    thread = stock.start()
    stock.close()
    thread.join(20)
    assert not thread.is_alive()


def test_a_pool_says_how_many_workers_nobody_wants():
    pool = Pool(Path("unused"), 2)
    assert pool.spare == 2                      # none is started yet, so all are free
    pool._all = [object(), object()]            # both at work
    assert pool.spare == 0
    pool._line.join("a visitor", object())
    assert pool.spare == -1
