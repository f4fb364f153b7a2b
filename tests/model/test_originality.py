"""Copied runs are found in any key through fingerprints alone, and what everybody writes is not."""

import json
import time

import numpy as np
import pytest
from symusic import Note, Score, TimeSignature, Track
from typer.testing import CliRunner

import model
from model import __main__ as command_line
from model import originality, originality_index
from model.dataset import transpose
from model.evaluation.fingerprint import STOP, codes, skyline
from model.evaluation.passage import PROGRAM, passage
from model.evaluation.prepared import EvaluationError, Prepared
from model.originality import GRAM, WINDOW, Fingerprints, copied, flat, places, winnow
from model.score import count_bars


@pytest.fixture(scope="module")
def made(prepared_events, tmp_path_factory):
    """(the file of the made-up music's fingerprints, what is written beside it)."""
    out = tmp_path_factory.mktemp("index") / "some.bin"
    return out, originality_index.make(prepared_events, out)


@pytest.fixture(scope="module")
def known(made) -> Fingerprints:
    return Fingerprints(np.fromfile(made[0], np.uint8))


def tune(pitches: list[int], length: int = 240, program: int = 0) -> Score:
    score = Score(480)
    score.time_signatures.append(TimeSignature(0, 4, 4))
    track = Track("", program)
    track.notes.extend(Note(i * length, length, pitch, 80) for i, pitch in enumerate(pitches))
    score.tracks.append(track)
    return score


def only(*scores: Score) -> Fingerprints:
    """The fingerprints of some scores' melodies."""
    bits = np.zeros(2**originality.BITS, bool)
    for score in scores:
        part = passage(score, count_bars(score))
        for place in places(winnow(flat([codes(skyline(part.pitched))]))[1]):
            bits[place] = True
    return Fingerprints(np.packbits(bits, bitorder="little"))


def walk(seed: int, notes: int) -> list[int]:
    return np.random.default_rng(seed).integers(50, 80, notes).tolist()


# The index

def test_arrays_give_the_codes_that_scores_give(prepared_events):
    split = Prepared(prepared_events, "train")
    for row in split.rows[:5]:
        score = split.score(row)
        pitched = passage(score, count_bars(score)).pitched
        expected = flat([codes(skyline(pitched[pitched[:, PROGRAM] == program]))
                         for program in np.unique(pitched[:, PROGRAM])])
        assert len(expected) and (originality_index.melodies(split.steps(row)) == expected).all()


def test_shards_are_whole_pieces_and_change_nothing(prepared_events):
    array = np.load(prepared_events / "train.npy")
    parts = [shard for _, shard in originality_index.shards(array, 700)]
    assert len(parts) > 3 and (np.concatenate(parts) == array).all()
    together = np.concatenate([originality_index.melodies(part) for part in parts])
    assert (together == originality_index.melodies(array)).all()


def test_any_shared_run_shares_a_fingerprint():
    rng = np.random.default_rng(3)
    for _ in range(200):
        shared = rng.integers(0, STOP, GRAM + WINDOW - 1)
        one, two = (set(winnow(np.r_[rng.integers(0, STOP, 20), shared,
                                     rng.integers(0, STOP, 20)].astype(np.uint16))[1].tolist())
                    for _ in range(2))
        assert one & two


def test_fingerprints_never_deny_a_member_and_seldom_claim_a_stranger():
    rng = np.random.default_rng(4)
    members, strangers = rng.integers(0, 2**63, (2, 200_000)).astype(np.uint64)
    bits = np.zeros(2**originality.BITS, bool)
    for place in places(members):
        bits[place] = True
    kept = Fingerprints(np.packbits(bits, bitorder="little"))
    assert kept.knows(members).all()
    assert kept.knows(strangers).mean() < 1e-3


# Queries

def test_training_pieces_are_known_in_any_key_and_others_are_not(prepared_events, known):
    found = {split: [copied(split_.score(row), known) for row in split_.rows]
             for split in ("train", "test") for split_ in [Prepared(prepared_events, split)]}
    assert np.mean([one.share for one in found["train"]]) > 0.9
    assert max(one.notes for one in found["test"]) == 0
    train = Prepared(prepared_events, "train")
    for row, own in list(zip(train.rows, found["train"], strict=True))[:5]:
        assert copied(transpose(train.score(row), 5), known) == own


def test_a_quoted_run_is_found_with_its_notes_bars_and_player():
    theme = walk(1, 40)
    kept = only(tune(theme))
    music = tune([*walk(2, 24), *(pitch + 3 for pitch in theme), *walk(3, 32)], program=40)
    found = copied(music, kept)
    assert 40 - 2 * (WINDOW - 1) <= found.notes <= 40
    assert found.program == 40
    assert found.bars[0] in (3, 4) and found.bars[1] in (7, 8)      # eight notes a bar; the theme is 24-63
    assert found.share == pytest.approx(found.notes / 96)
    assert copied(tune(walk(2, 96)), kept) == model.Copied()


def test_the_same_pitches_in_another_rhythm_are_no_copy():
    theme = walk(5, 40)
    assert copied(tune(theme, length=240), only(tune(theme, length=360))).notes == 0


@pytest.mark.parametrize("pitches", [
    [60] * 60,                                                      # one note
    [60 + step for step in (0, 2, 4, 5, 7, 9, 11, 12)] * 8,         # a scale, again and again
    [60, 64, 67, 64] * 16,                                          # a broken chord
    [60, 62] * 32,                                                  # a trill
])
def test_what_everybody_writes_is_no_copy(pitches):
    assert copied(tune(pitches), only(tune(pitches))).notes == 0


@pytest.mark.parametrize("score", [Score(480), tune([60]), tune(walk(1, GRAM + WINDOW - 1))])
def test_too_little_music_has_no_run(score):
    assert copied(score, only(tune(walk(1, 40)))).notes == 0


def test_drums_are_left_out():
    score = tune(walk(1, 60))
    kept = only(score)
    score.tracks[0].is_drum = True
    assert copied(score, kept) == model.Copied()


# The command, and what ships

def test_the_command_measures_what_it_makes(prepared_events, tmp_path, made):
    out = tmp_path / "new" / "index.bin"
    result = CliRunner().invoke(command_line.app, ["originality", str(prepared_events), "--out", str(out)])
    assert result.exit_code == 0
    facts = json.loads(out.with_suffix(".json").read_text())
    assert facts == json.loads(result.stdout) == json.loads(json.dumps(made[1]))
    assert out.read_bytes() == made[0].read_bytes()
    assert facts["made_from"]["pieces"] == len(Prepared(prepared_events, "train").rows)
    assert facts["measured"]["held_out_human"]["notes"]["p99"] == 0
    assert facts["measured"]["random_music"]["fingerprints"] > 100


def test_the_command_refuses_other_layouts(prepared, tmp_path):
    with pytest.raises(EvaluationError, match=r"^Fingerprints are taken of events, rows of 7; .*\.$"):
        originality_index.make(prepared, tmp_path / "index.bin")


def test_what_ships_is_what_its_table_says():
    facts, kept = originality.facts(), originality.shipped()
    assert originality.FILE.stat().st_size <= 10 * 2**20
    assert facts["rule"]["gram_notes"] == GRAM + 1 and facts["rule"]["window_grams"] == WINDOW
    filled = np.unpackbits(kept._bits).mean()
    assert filled == pytest.approx(facts["filled"], abs=1e-4)
    assert filled ** originality.HASHES == pytest.approx(facts["measured"]["random_music"][
        "false_positive_rate"], rel=1)


def test_a_damaged_file_is_one_sentence():
    with pytest.raises(ValueError, match=r"^The fingerprints of .* are .* bytes; received 3\.$"):
        Fingerprints(np.zeros(3, np.uint8))


def test_a_take_costs_less_than_the_sound_of_it(music):
    take = music(bars=4, seed=1)
    copied(take)
    began = time.perf_counter()
    copied(take)
    asked = time.perf_counter() - began
    began = time.perf_counter()
    model.to_audio(take)
    assert asked < time.perf_counter() - began
