"""BLEU and repetition by hand."""

import math

import pytest

from model.evaluation.ngrams import bleu, ngrams, repetition, tokens
from tests.model.evaluation.material import passage_of, tune, wander


def test_tokens_are_the_notes_of_each_instrument():
    part = passage_of(*tune([60, 64]), (6, 3, 128, 36), (18, 3, 128, 38))
    assert tokens(part) == [[(0, 0, 60), (0, 12, 64)], [(128, 0, 36), (128, 12, 38)]]
    assert ngrams(tokens(part), 2) == [((0, 0, 60), (0, 12, 64)), ((128, 0, 36), (128, 12, 38))]


def test_bleu_of_the_same_and_of_other_music():
    part = wander(0)
    assert bleu(part, [part]) == pytest.approx(1)
    assert bleu(part, [wander(1), part]) == pytest.approx(1)
    assert bleu(part, [wander(1)]) < 0.6
    assert bleu(passage_of(), [part]) == 0
    assert bleu(passage_of(*tune([60, 62])), [passage_of(*tune([70, 72]))]) == 0


def test_bleu_by_hand():
    candidate, reference = passage_of(*tune([60, 62, 64, 65])), passage_of(*tune([60, 62, 64, 67]))
    precisions = 3 / 4, (2 + 1) / (3 + 1), (1 + 1) / (2 + 1), (0 + 1) / (1 + 1)
    expected = math.exp(sum(map(math.log, precisions)) / 4)
    assert bleu(candidate, [reference]) == pytest.approx(expected)


def test_a_short_candidate_pays():
    long, short = passage_of(*tune([60, 62, 64, 65, 67, 69])), passage_of(*tune([60, 62, 64]))
    assert bleu(short, [long]) == pytest.approx(math.exp(1 - 6 / 3))


def test_repetition_by_hand():
    prompt = passage_of(*tune([60, 62]))
    # its bigrams: 60-62 as at the prompt's begin, 62-60, 60-62 with a wait, 62-60 again
    part = passage_of(*tune([60, 62, 60, 62, 60]))
    found = repetition(part, prompt)
    assert found["ngrams"] == 4 + 3 + 2 + 1
    assert found["from_prompt"] == pytest.approx(1 / 10)
    assert found["from_itself"] == pytest.approx(1 / 10)
    assert found["novel"] == pytest.approx(8 / 10)


def test_a_loop_repeats_itself_and_a_copy_its_prompt():
    loop = repetition(passage_of(*tune([60, 64] * 12, step=3)), wander(0))
    assert loop["from_itself"] > 0.8
    assert repetition(wander(0), wander(0))["from_prompt"] == pytest.approx(1)
    assert math.isnan(repetition(passage_of(), wander(0))["novel"])
