"""The grammar allows what MidiTok writes, and whatever it allows can be decoded, in rising time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, TimeSignature, Track

from model.remi.grammar import Grammar, State
from model.remi.tokenizer import Tokenizer


@pytest.fixture(scope="module", params=["segue", "published"])
def grammar(request) -> Grammar:
    return Grammar(Tokenizer.create(request.param))


def some_score(seed: int) -> Score:
    rng = np.random.default_rng(seed)
    score = Score(480)
    score.time_signatures.append(TimeSignature(0, 4, 4))
    score.tempos.append(Tempo(0, 120))
    for program, drums in ((0, False), (33, False), (0, True)):
        track = Track(program=program, is_drum=drums)
        for start in sorted(set(rng.integers(0, 16 * 12, 40).tolist())):
            track.notes.append(Note(start * 40, int(rng.integers(1, 24)) * 40, int(rng.integers(30, 90)), 80))
        score.tracks.append(track)
    return score


@pytest.mark.parametrize("seed", range(5))
def test_allows_what_was_encoded(seed):
    tokenizer = Tokenizer.create("segue")
    assert Grammar(tokenizer).legal(tokenizer.encode(some_score(seed)))


def test_refuses_time_that_runs_backwards(grammar):
    ids = {tokens[0]: i for i, tokens in enumerate(grammar.tokenizer.base)}
    state = State()
    for token in ("Bar_None", "TimeSig_4/4", "Position_12", "Program_0", "Pitch_60", "Velocity_79",
                  "Duration_1.0.12"):
        assert grammar.mask(state)[ids[token]], token
        state = grammar.advance(state, ids[token])
    mask = grammar.mask(state)
    assert not mask[ids["Position_12"]] and not mask[ids["Position_11"]] and mask[ids["Position_13"]]
    assert not mask[ids["Position_48"]], "a bar of 4/4 has the positions 0-47"
    assert not mask[ids["Velocity_79"]] and not mask[ids["BOS_None"]] and mask[ids["EOS_None"]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_legal_walk_decodes_and_reads_back_legal(seed):
    tokenizer = Tokenizer.create("segue")
    grammar, rng, state, ids = Grammar(tokenizer), np.random.default_rng(seed), State(), []
    for _ in range(120):
        choices = np.flatnonzero(grammar.mask(state))
        assert len(choices), "a state always has a legal next token"
        token = int(rng.choice(choices))
        if token == tokenizer.eos:
            break
        ids.append(token)
        state = grammar.advance(state, token)
    complete = sum(token.startswith("Duration") for i in ids for token in tokenizer.base[i])
    score = tokenizer.decode(ids)
    assert score.note_num() == complete
    assert grammar.legal(tokenizer.encode(score))


def test_notes_of_one_position_rise():
    tokenizer = Tokenizer.create("segue")
    grammar, ids = Grammar(tokenizer), {tokens[0]: i for i, tokens in enumerate(tokenizer.base)}

    def after(*tokens: str) -> np.ndarray:
        return grammar.mask(grammar.after([ids[token] for token in tokens]))

    opening = ("Bar_None", "TimeSig_4/4", "Position_0")
    note = ("Program_0", "Pitch_60", "Velocity_79", "Duration_1.0.12")
    then = after(*opening, *note)
    assert then[ids["Program_0"]] and then[ids["Program_33"]] and not then[ids["Program_-1"]]
    pitches = after(*opening, *note, "Program_0")
    assert not pitches[ids["Pitch_60"]] and not pitches[ids["Pitch_48"]] and pitches[ids["Pitch_61"]]
    assert after(*opening, *note, "Program_33")[ids["Pitch_48"]]
    assert after(*opening, *note, "Position_6", "Program_0")[ids["Pitch_48"]]
    highest = (note[0], "Pitch_109", *note[2:])
    assert not after(*opening, *highest)[ids["Program_0"]], "no pitch is left above the highest"
    assert after(*opening, "Program_0", "Chord_maj")[ids["Program_0"]]
    assert not after(*opening, "Program_0", "Chord_maj", "Program_0")[ids["Chord_maj"]], "one chord a note"
