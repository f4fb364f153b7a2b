"""Scores become tokens and come back quantised, and nothing else about them changes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.metre import METRES
from model.music import unpack
from model.remi.tokenizer import CONFIGURATIONS, POSITIONS_PER_BEAT, Tokenizer
from model.score import count_bars, normalise, write


@pytest.fixture(scope="module", params=sorted(CONFIGURATIONS))
def tokenizer(request) -> Tokenizer:
    return Tokenizer.create(request.param)


@pytest.fixture(scope="module")
def segue() -> Tokenizer:
    return Tokenizer.create("segue")


def values(tokenizer: Tokenizer, kind: str) -> list[str]:
    return [token.partition("_")[2] for (token,) in tokenizer.base if token.partition("_")[0] == kind]


def notes(score: Score) -> dict[int, list[list[int]]]:
    return {program: array.tolist() for program, array in unpack(score).parts.items()}


# --- the published parameters -------------------------------------------------------------------------------

def test_published_vocabulary():
    published = Tokenizer.create("published")
    special = {"PAD", "BOS", "EOS", "MASK"}
    kinds = Counter(token.partition("_")[0] for (token,) in published.base)
    assert set(kinds) - special == {"Bar", "Position", "Pitch", "PitchDrum", "Velocity", "Duration", "Rest",
                                    "Chord", "Tempo", "Program", "TimeSig"}
    assert {token for (token,) in published.base if token.endswith("_None")} == {
        *(f"{name}_None" for name in special), "Bar_None"}
    assert values(published, "Pitch") == [str(pitch) for pitch in range(21, 110)]
    assert values(published, "PitchDrum") == [str(key) for key in range(128)]
    assert kinds["Velocity"] == 32
    tempos = [float(value) for value in values(published, "Tempo")]
    assert len(tempos) == 32 and tempos[0] == 40 and tempos[-1] == 250
    assert sorted(map(int, values(published, "Program"))) == list(range(-1, 128))
    assert {tuple(map(int, value.split("/"))) for value in values(published, "TimeSig")} == set(METRES)
    # 12 a beat for 4 beats, then 4 a beat up to 12
    lengths = [int(beats) + int(part) / int(of) for beats, part, of in
               (value.split(".") for value in values(published, "Duration"))]
    assert lengths == pytest.approx([n / 12 for n in range(1, 48)] + [n / 4 for n in range(16, 49)])


def test_segue_is_published_without_rests():
    published, segue = (Tokenizer.create(name) for name in ("published", "segue"))
    rests = {base for base in published.base if base[0].startswith("Rest_")}
    assert rests and set(published.base) - set(segue.base) == rests and set(segue.base) < set(published.base)


def test_published_keeps_rests_where_they_are_wanted(music):
    published = Tokenizer.create("published")
    score = music(bars=4, notes=2)
    kinds = [{published.base[i][0].partition("_")[0] for i in published.encode(score, rests=rests)}
             for rests in (True, False)]
    assert "Rest" in kinds[0] and "Rest" not in kinds[1]


def test_unknown_configuration():
    with pytest.raises(ValueError, match="published, segue, chordless; received 'remi'"):
        Tokenizer.create("remi")


# --- there and back -----------------------------------------------------------------------------------------

@st.composite
def quantised_and_played(draw) -> tuple[Score, dict[int, list[list[int]]], tuple[int, int]]:
    """A played score, the notes it stands for, and its metre. Every pitch of a program sounds once."""
    metre = draw(st.sampled_from(sorted(METRES)))
    unit = 4 * 480 // metre[1] // POSITIONS_PER_BEAT
    played, wanted = Score(480), {}
    played.time_signatures.append(TimeSignature(0, *metre))
    played.tempos.append(Tempo(0, draw(st.floats(30, 300))))
    for program in draw(st.sets(st.sampled_from([0, 33, 73, 128]), min_size=1)):
        track = Track("", program % 128, program == 128)
        for pitch in draw(st.sets(st.integers(21, 109), min_size=1, max_size=12)):
            onset = draw(st.integers(0, 60 * POSITIONS_PER_BEAT))
            length = draw(st.integers(1, 48) | st.integers(16, 48).map(lambda quarters: 3 * quarters))
            early = draw(st.integers(-(unit // 2) if onset else 0, (unit - 1) // 2))
            velocity = draw(st.integers(1, 127))
            track.notes.append(Note(onset * unit + early, length * unit, pitch, velocity))
            loud = min(range(3, 128, 4), key=lambda bin: abs(bin - velocity))
            wanted.setdefault(program, []).append([onset * unit, (onset + length) * unit, pitch, loud])
        played.tracks.append(track)
    return played, wanted, metre


@settings(max_examples=30, deadline=None)
@given(quantised_and_played())
def test_decoding_gives_back_what_was_encoded_quantised(segue, case):
    played, wanted, metre = case
    ids = segue.encode(played)
    back = normalise(segue.decode(ids))
    found = notes(back)
    assert found.keys() == wanted.keys()
    for program, rows in wanted.items():
        for given_back, expected in zip(sorted(found[program]), sorted(rows), strict=True):
            assert given_back[:3] == expected[:3]
            assert abs(given_back[3] - expected[3]) in (0, 4)      # between two bins it may go either way
    assert [(s.numerator, s.denominator) for s in back.time_signatures] == [metre]
    lengths = [60e6 / float(tempo) for tempo in values(segue, "Tempo")]
    nearest = min(lengths, key=lambda length: abs(length - played.tempos[0].mspq))
    assert back.tempos[0].mspq == pytest.approx(nearest, rel=1e-4)
    assert segue.encode(back).tolist() == ids.tolist(), "what was quantised once stays"
    assert notes(normalise(segue.decode(segue.encode(back)))) == found


def test_the_order_of_tracks_in_a_file_changes_nothing(segue, music):
    score = music()
    turned = score.copy()
    turned.tracks = list(reversed(turned.tracks))
    assert segue.encode(score).tolist() == segue.encode(turned).tolist()


def test_metres_may_change(segue, music):
    score = Score(480)
    score.time_signatures = [TimeSignature(0, 4, 4), TimeSignature(3840, 6, 8), TimeSignature(6720, 3, 4)]
    score.tracks.append(Track("", 0, False))
    score.tracks[0].notes = [Note(at, 240, 60, 79) for at in range(0, 9600, 240)]
    back = normalise(segue.decode(segue.encode(score)))
    assert notes(back) == notes(score)
    assert [(s.time, s.numerator, s.denominator) for s in back.time_signatures] == [
        (0, 4, 4), (3840, 6, 8), (6720, 3, 4)]


def test_without_rests_every_bar_has_its_token(tokenizer):
    score = Score(480)
    score.tracks.append(Track("", 0, False))
    onsets = [0, 5 * 1920 + 480, 6 * 1920, 11 * 1920 + 1440]
    score.tracks[0].notes = [Note(at, 240, 60, 79) for at in onsets]
    ids = tokenizer.encode(score, rests=False)
    assert tokenizer.bars[ids].sum() == count_bars(score) == 12
    assert [row[0] for row in notes(tokenizer.decode(ids))[0]] == onsets


def test_what_cannot_be_heard_is_no_tokens(tokenizer):
    score = Score(480)
    assert tokenizer.encode(score).tolist() == []
    score.tracks.append(Track("", 0, False))
    score.tracks[0].notes = [Note(0, 480, 20, 80), Note(480, 480, 110, 80)]
    assert tokenizer.encode(score).tolist() == []
    score.tracks[0].notes.append(Note(960, 480, 109, 80))
    assert tokenizer.notes[tokenizer.encode(score)].sum() == 1


def test_special_tokens_and_nothing_decode_to_nothing(tokenizer):
    for ids in ([], [tokenizer.pad, tokenizer.bos, tokenizer.eos]):
        assert normalise(tokenizer.decode(ids)).note_num() == 0


def test_encoding_leaves_the_score_as_it_was(segue, music):
    score = music()
    before = write(score)
    segue.encode(score)
    assert write(score) == before


# --- byte pairs ---------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def trained(music, tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("learn")
    for seed in range(6):
        write(music(seed=seed), folder / f"{seed}.mid")
    (folder / "no music.mid").write_bytes(b"no music")
    tokenizer = Tokenizer.create("segue")
    tokenizer.train(sorted(folder.iterdir()), 750)
    return tokenizer


def test_byte_pairs_shorten_the_tokens_and_keep_the_music(trained, segue, music):
    assert trained.size == 750
    for seed in range(3, 9):
        score = music(seed=seed)
        short, long = trained.encode(score), segue.encode(score)
        assert len(short) < 0.8 * len(long)
        assert [t for i in short for t in trained.base[i]] == [t for i in long for t in segue.base[i]]
        assert notes(trained.decode(short)) == notes(segue.decode(long))
        for count in ("notes", "bars"):
            assert getattr(trained, count)[short].sum() == getattr(segue, count)[long].sum() > 0


def test_no_pair_crosses_a_bar_line(trained):
    assert not any("Bar_None" in base[1:] for base in trained.base)


def test_save_and_load(trained, music, tmp_path):
    trained.save(tmp_path / "tokenizer.json")
    again = Tokenizer.load(tmp_path / "tokenizer.json")
    assert again.base == trained.base
    assert (again.pad, again.bos, again.eos) == (trained.pad, trained.bos, trained.eos)
    score = music(seed=20)
    assert np.array_equal(again.encode(score), trained.encode(score))
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


@pytest.mark.parametrize("size", [100, 662, 70_000])
def test_a_vocabulary_has_a_possible_size(size):
    with pytest.raises(ValueError, match=f"A vocabulary has 663 to 65,536 ids; received {size:,}."):
        Tokenizer.create("segue").train([], size)
