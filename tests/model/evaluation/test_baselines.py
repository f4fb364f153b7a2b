"""The baselines are what they say: the same bars in another order, the same steps from note to note."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from model.evaluation.baselines import Chain, events, learn, markov, shuffled
from model.evaluation.passage import passage
from model.score import cut_bars, write
from tests.model.evaluation.material import passage_of, tune


def test_shuffling_moves_whole_bars(music):
    score = music(bars=8, seed=5)
    mixed = shuffled(score, 8, np.random.default_rng(0))
    before, after = passage(score, 8).contents, passage(mixed, 8).contents
    assert Counter(before) == Counter(after) and before != after
    assert passage(shuffled(score, 8, np.random.default_rng(0)), 8).contents == after


def test_a_chain_knows_what_followed_what():
    part = passage_of(*tune([60, 62, 60, 62, 60, 64], step=6))
    chain = Chain([events(part, 0)])
    rng = np.random.default_rng(0)
    drawn = Counter(tuple(chain.after(np.array([6, 60, 6, 80]), rng)[:2].tolist()) for _ in range(300))
    assert set(drawn) == {(6, 62), (6, 64)}
    assert 100 < drawn[6, 62] < 200, "each followed it as often as the other, once the first note is past"
    assert chain.after(np.array([6, 64, 6, 80]), rng) is None


def test_a_markov_continuation_steps_as_the_prompt_and_training_did(music):
    prompt, other = music(bars=8, seed=1), music(bars=12, seed=2)
    learnt = learn([passage(other, 12)])
    made = passage(markov(prompt, 8, 4, learnt, np.random.default_rng(0)), 4)
    assert len(made.notes) > 20 and made.bars == 4
    assert set(made.notes[:, 2]) <= set(passage(prompt, 8).notes[:, 2])
    for program in np.unique(made.notes[:, 2]).tolist():
        known = set()
        for part in (passage(prompt, 8), passage(other, 12)):
            rows = events(part, program)[:, :2].tolist()
            known |= {(*a, *b) for a, b in pairwise(rows)}
        rows = events(made, program)[1:, :2].tolist()
        stepped = [(*a, *b) in known for a, b in pairwise(rows)]
        assert np.mean(stepped) > 0.8, "only an unknown state breaks the chain"


def test_a_markov_continuation_is_the_same_for_the_same_seed(music):
    prompt = music(bars=4, seed=3)
    one, same, other = (write(markov(prompt, 4, 4, {}, np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("metre", [(3, 4), (6, 8)])
def test_the_markov_chain_keeps_the_metre(music, metre):
    made = markov(music(bars=4, metre=metre, seed=3), 4, 4, {}, np.random.default_rng(0))
    assert (made.time_signatures[0].numerator, made.time_signatures[0].denominator) == metre


def test_a_single_note_gives_silence(music):
    prompt = cut_bars(music(bars=1, seed=3, programs=(0,), notes=1), 0, 1)
    assert markov(prompt, 1, 2, {}, np.random.default_rng(0)).note_num() == 0
