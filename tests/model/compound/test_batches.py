"""Windows begin with a header on a bar line, say what is true, and come as often as they should."""

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Score, Tempo, TimeSignature

from model.compound import Compound
from model.compound import events as ev
from model.compound.batches import Pieces, transpose
from model.compound.transcription import encode
from model.score import normalise

STYLES = (4, 9, 2, 7)


@pytest.fixture(scope="module")
def every(music) -> list[np.ndarray]:
    """A long piece that changes metre and tempo, a song, a short one of drums, one with silences."""
    changing = normalise(music(bars=30, seed=1, programs=(0, 40)))
    changing.time_signatures.append(TimeSignature(10 * 1920, 3, 4))
    changing.tempos.append(Tempo(20 * 1920 + 960, 63.0))
    sparse = Score(480)
    for bar in (0, 5, 21, 37):
        for track in music(bars=1, seed=bar, programs=(12,)).tracks:
            track.notes = [note.shift_time(1920 * bar) for note in track.notes]
            sparse.tracks.append(track)
    scores = [changing, music(bars=24, seed=2), music(bars=6, seed=3, programs=(128,), tempo=90.0), sparse]
    return [encode(score, style) for score, style in zip(scores, STYLES, strict=True)]


def pieces_of(every: list[np.ndarray], weights: list[float] | None = None) -> Pieces:
    lengths = [len(piece) for piece in every]
    offsets = np.cumsum([0, *lengths[:-1]])
    return Pieces(np.concatenate(every), offsets, lengths, weights or [1.0] * len(every))


def parts(window: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The headers of a window, each with the music after it (a header may be cut short)."""
    starts = [*np.flatnonzero(window[:, ev.INSTRUMENT] == ev.START), len(window)]
    found = []
    for start, stop in pairwise(starts):
        part = window[start:stop]
        tempo = np.flatnonzero(part[:, ev.INSTRUMENT] == ev.TEMPO)
        length = tempo[0] + 1 if len(tempo) else len(part)
        found.append((part[:length], part[length:]))
    return found


def where(music: np.ndarray, every: list[np.ndarray]) -> tuple[int, int]:
    """The piece and the row at which a window's music begins; it is not transposed."""
    for number, piece in enumerate(every):
        for row in range(3, len(piece) - len(music) + 1):
            same = piece[row : row + len(music)] == music
            if same[0, 1:].all() and same[1:].all():
                return number, row
    raise AssertionError("A window holds music of its pieces.")


def windows(pieces: Pieces, count: int, length: int = 60, **how) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [pieces.window(length, rng, **how) for _ in range(count)]


# --- what a window is ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("length", [1, 5, 60, 2000])
def test_a_window_has_the_length_asked_for(every, length):
    for window in windows(pieces_of(every), 5, length):
        assert window.shape == (length, len(ev.FIELDS)) and window.dtype == np.uint8
        assert window[0, ev.INSTRUMENT] == ev.START


def test_a_window_begins_on_a_bar_line_and_goes_on_as_the_piece(every):
    begun = set()
    for window in windows(pieces_of(every), 150, augment=()):
        (_, music), *others = parts(window)
        number, row = where(music, every)
        piece = every[number]
        assert music[0, ev.TIME] == music[0, ev.POSITION], "time counts from the bar line"
        assert row == 3 or piece[row - 1, ev.BAR] != piece[row, ev.BAR]
        begun.add((number, row))
        for _, music in others:
            if len(music) > 5:
                assert where(music, every)[1] == 3, "what fills the window up begins at its beginning"
                assert music[0].tolist() in [piece[3].tolist() for piece in every]
    assert len(begun) > 40, "windows begin anywhere"


def test_the_header_tells_the_metre_and_the_tempo_in_force(every):
    told = set()
    for window in windows(pieces_of(every), 150, augment=()):
        for header, music in parts(window):
            if len(music) < 6:
                continue
            number, row = where(music, every)
            now = tuple(ev.in_force(kind, every[number][:row]) for kind in (ev.METRE, ev.TEMPO))
            assert header[-2:, ev.INSTRUMENT].tolist() == [ev.METRE, ev.TEMPO]
            assert tuple(header[-2:, ev.PITCH]) == now
            told.add((number, now))
    assert len({now for number, now in told if number == 0}) == 3, "4/4, 3/4, and that slower"


def test_bars_whose_numbers_look_alike():
    """Of two bars sixteen apart the windows of both begin on a bar line."""
    metre = ev.METRE_LIST.index((1, 4))
    rows = [[1, ev.PLAYERS + 1, 60, 0, 0, 1, 0], [191, ev.PLAYERS + 1, 62, 0, 0, 0, 0],
            [6, ev.PLAYERS + 1, 64, 0, 0, 6, 0], [6, ev.END, 0, 0, 0, 0, 1]]
    piece = np.concatenate([ev.header(metre, 3), np.array(rows, np.uint8)])
    firsts = {tuple(window[3, [ev.TIME, ev.POSITION, ev.PITCH]].tolist())
              for window in windows(pieces_of([piece]), 60, 5, drop=1.0, augment=())}
    assert firsts == {(1, 1, 60), (0, 0, 0)}


# --- wishes -------------------------------------------------------------------------------------------------

def wished(header: np.ndarray, kind: int) -> list[int]:
    return header[header[:, ev.INSTRUMENT] == kind, ev.PITCH].tolist()


def test_wishes_can_all_be_left_out(every):
    for window in windows(pieces_of(every), 40, drop=1.0):
        for header, _ in parts(window):
            assert header[:, ev.INSTRUMENT].tolist() == [ev.START, ev.METRE, ev.TEMPO][: len(header)]
            assert header[0, ev.PITCH] == 0, "the style is unknown"


def test_wishes_are_true(every):
    for window in windows(pieces_of(every), 80, drop=0.0, augment=()):
        room = len(window)
        for header, music in parts(window):
            if len(music) < 6:
                break
            number, row = where(music, every)
            heard = every[number][row : row + room]
            heard = np.concatenate([music[:1], heard[1:]])      # in time from the bar line on
            playing = heard[ev.is_note(heard)]
            players = sorted({int(player) for player in playing[:, ev.INSTRUMENT]})
            assert wished(header, ev.START) == [STYLES[number]]
            assert wished(header, ev.PLAYER) == [player - ev.PLAYERS for player in players]
            bars = heard[:, ev.TIME].sum(dtype=int) / 48
            assert wished(header, ev.DENSITY) == (
                [ev.density_class(len(playing), bars)] if len(playing) else [])
            room -= len(header) + len(music)


@pytest.mark.parametrize("notes, bars, density", [
    (0, 4, 0), (7, 4, 0), (8, 4, 1), (640, 10, 10), (6, 0.5, 3)])
def test_densities_by_hand(notes, bars, density):
    assert ev.density_class(notes, bars) == density


def test_each_wish_is_left_out_by_itself_half_of_the_time(every):
    headers = [parts(window)[0][0] for window in windows(pieces_of(every[:2]), 400)]
    said = np.array([[wished(header, ev.START) != [0], bool(wished(header, ev.PLAYER)),
                      bool(wished(header, ev.DENSITY))] for header in headers])
    assert np.abs(said.mean(axis=0) - 0.5).max() < 0.08
    assert np.abs(np.corrcoef(said.T)[np.triu_indices(3, 1)]).max() < 0.15


# --- keys ---------------------------------------------------------------------------------------------------

def test_windows_come_in_twelve_keys_and_drums_stay(every):
    keys = set()
    pieces = pieces_of(every)
    for seed in range(120):
        plain, moved = (pieces.window(40, np.random.default_rng(seed), augment=how) for how in ((), ("key",)))
        stop = min(len(header) + len(music) for header, music in (parts(plain)[0], parts(moved)[0]))
        plain, moved = plain[:stop], moved[:stop]
        others = [field for field in range(len(ev.FIELDS)) if field != ev.PITCH]
        assert (plain[:, others] == moved[:, others]).all()
        pitched = plain[:, ev.INSTRUMENT] > ev.KIT
        assert (plain[~pitched] == moved[~pitched]).all()
        steps = set((moved[pitched, ev.PITCH].astype(int) - plain[pitched, ev.PITCH]).tolist())
        assert len(steps) <= 1
        keys |= steps
    assert keys == set(range(-5, 7))


@given(st.integers(0, 127), st.integers(-11, 11))
def test_no_note_leaves_midis_range(pitch, semitones):
    players = ev.TEMPO, ev.KIT, ev.KIT + 1, ev.KIT + 128
    rows = np.array([[0, player, pitch, 0, 0, 0, 0] for player in players], np.uint8)
    transpose(rows, semitones)
    assert rows[:2, ev.PITCH].tolist() == [pitch, pitch]
    for moved in rows[2:, ev.PITCH].tolist():
        assert 0 <= moved <= 127 and (moved - pitch - semitones) % 12 == 0
        assert moved == pitch + semitones or not 0 <= pitch + semitones <= 127


# --- how often ----------------------------------------------------------------------------------------------

def firsts(every: list[np.ndarray], weights: list[float], count: int = 600) -> np.ndarray:
    """How often windows begin in each piece, told by its style."""
    found = windows(pieces_of(every, weights), count, 12, drop=0.0, augment=())
    styles = [int(window[0, ev.PITCH]) for window in found]
    return np.array([styles.count(style) for style in STYLES[: len(every)]]) / count


def test_a_piece_comes_as_often_as_its_length_and_weight_say(every):
    lengths = np.array([len(piece) for piece in every])
    assert np.abs(firsts(every, [1.0] * 4) - lengths / lengths.sum()).max() < 0.06
    weighed = lengths * [1, 3, 20, 0.5]
    assert np.abs(firsts(every, [1, 3, 20, 0.5]) - weighed / weighed.sum()).max() < 0.06


@pytest.mark.parametrize("silent", range(4))
def test_a_piece_without_weight_never_comes(every, silent):
    weights = [1.0] * 4
    weights[silent] = 0.0
    for window in windows(pieces_of(every, weights), 25, 600, drop=0.0):
        styles = {wished(header, ev.START)[0] for header, _ in parts(window)}
        assert STYLES[silent] not in styles and styles


def test_windows_are_those_of_the_seed(every):
    def some(seed: int) -> np.ndarray:
        return next(pieces_of(every).batches(30, 8, np.random.default_rng(seed)))

    assert some(0).shape == (8, 31, len(ev.FIELDS)) and some(0).dtype == np.int64
    assert (some(0) == some(0)).all() and (some(0) != some(1)).any()
    one, another = islice(pieces_of(every).batches(30, 8, np.random.default_rng(0)), 2)
    assert (one != another).any()


def test_without_augmentation_music_is_what_it_was(every):
    pieces = pieces_of(every)
    for seed in range(40):
        for header, music in parts(pieces.window(40, np.random.default_rng(seed), augment=()))[:1]:
            if len(music) > 1:
                where(music, every)
            assert len(header)


@pytest.mark.parametrize("name, field, most, last", [("velocity", ev.VELOCITY, 3, 31),
                                                     ("tempo", ev.PITCH, 2, 31)])
def test_velocity_and_tempo_move_by_some_classes_and_nothing_else_does(every, name, field, most, last):
    pieces, steps = pieces_of(every), set()
    for seed in range(80):
        plain, moved = (pieces.window(40, np.random.default_rng(seed), augment=how) for how in ((), (name,)))
        stop = min(len(header) + len(music) for header, music in (parts(plain)[0], parts(moved)[0]))
        plain, moved = plain[:stop].astype(int), moved[:stop].astype(int)
        touched = ev.is_note(plain) if name == "velocity" else plain[:, ev.INSTRUMENT] == ev.TEMPO
        others = np.ones_like(plain, bool)
        others[touched, field] = False
        assert (plain[others] == moved[others]).all()
        inside = touched & (moved[:, field] > 0) & (moved[:, field] < last)
        differences = set((moved[inside, field] - plain[inside, field]).tolist())
        assert len(differences) <= 1
        steps |= differences
    assert steps == set(range(-most, most + 1))


# --- as training asks for them ------------------------------------------------------------------------------

def asked(every: list[np.ndarray], names: list[str], weights: dict[str, float], learn: bool) -> np.ndarray:
    offsets = np.cumsum([0, *(len(piece) for piece in every[:-1])])
    rows = [{"dataset": name, "offset": str(offset), "tokens": str(len(piece))}
            for name, offset, piece in zip(names, offsets, every, strict=True)]
    stream = Compound().batches(np.concatenate(every), rows, 40, 50, np.random.default_rng(0), weights, learn)
    return next(stream)


def test_data_sets_are_weighed_by_name(every):
    names = ["songs", "dances", "songs", "games"]
    batch = asked(every, names, {"songs": 0, "nobody's": 7}, learn=True)
    styles = set(batch[batch[..., ev.INSTRUMENT] == ev.START][:, ev.PITCH].tolist())
    assert styles == {0, STYLES[1], STYLES[3]}


def test_some_data_set_has_a_weight(every):
    with pytest.raises(ValueError, match=r"^Music is learnt from data sets whose weight is above 0; "):
        asked(every, ["songs"] * 4, {"songs": 0}, learn=True)


def test_what_is_validated_has_no_wishes_and_its_own_key(every):
    batch = asked(every, ["songs"] * 4, {}, learn=False)
    assert not np.isin(batch[..., ev.INSTRUMENT], (ev.DENSITY, ev.PLAYER)).any()
    for window in batch[:20].astype(np.uint8):
        where(parts(window)[0][1], every)
    learnt = asked(every, ["songs"] * 4, {}, learn=True)
    assert np.isin(learnt[..., ev.INSTRUMENT], (ev.DENSITY, ev.PLAYER)).any()
