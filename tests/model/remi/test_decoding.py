"""The decode loop over token ids: legal, within the rules, the same from the same seed."""

import numpy as np
import pytest
import torch

from model.networks.transformer import Transformer, TransformerConfig
from model.remi.decoding import generate, spelling
from model.remi.grammar import Grammar
from model.remi.plan import Rules
from model.remi.tokenizer import Tokenizer
from model.sampling import Sampling


@pytest.fixture(scope="module")
def parts():
    tokenizer = Tokenizer.create("segue")
    shape = {"width": 32, "layers": 1, "inner": 32, "heads": 2, "kv_heads": 1}
    network = Transformer(TransformerConfig(vocabulary=tokenizer.size, **shape))
    network.initialise(torch.Generator().manual_seed(0))
    return network.eval(), Grammar(tokenizer)


def make(parts, seed=5, bars=3, stop_after=None, prompt=(), opening=(), forbidden=frozenset(), **how):
    network, grammar = parts
    count = []

    def heard(new, share):
        count.extend(new)
        return stop_after is None or len(count) < stop_after

    sampling = Sampling(**{"temperature": 1.0, "top_k": 0, **how})
    return generate(network, grammar, np.array(prompt, int), sampling, bars=bars, minimum_bars=bars,
                    max_tokens=3000, seed=seed, rules=Rules(opening, forbidden), heard=heard)


def test_same_seed_same_ids_and_every_id_legal(parts):
    first, complete = make(parts)
    assert complete and first == make(parts)[0] and first != make(parts, seed=6)[0]
    tokenizer = parts[1].tokenizer
    assert parts[1].legal(np.array(first))
    assert sum(tokenizer.bars[i] for i in first) == 3


def test_no_ngram_twice(parts):
    ids, _ = make(parts, no_repeat_ngram=4, bars=1)
    grams = [tuple(ids[i : i + 4]) for i in range(len(ids) - 3)]
    assert len(grams) > 4 and len(grams) == len(set(grams))


def test_stop_keeps_what_was_made(parts):
    ids, complete = make(parts, stop_after=7)
    assert len(ids) == 7 and not complete and ids == make(parts)[0][:7]


def said(parts, ids: list[int]) -> list[str]:
    return [token for i in ids for token in parts[1].tokenizer.base[i]]


@pytest.mark.parametrize("seed", range(3))
def test_an_opening_is_said_and_what_is_forbidden_only_there(parts, seed):
    opening = ("Bar_None", "TimeSig_6/8", "Position_0", "Tempo_87.42")
    every = {token for base in parts[1].tokenizer.base for token in base}
    forbidden = frozenset(t for t in every if t.startswith(("Tempo", "TimeSig"))) - {"TimeSig_6/8"}
    ids, _ = make(parts, seed, bars=2, opening=opening, forbidden=forbidden, no_repeat_ngram=2)
    text = said(parts, ids)
    assert tuple(text[:4]) == opening and forbidden.isdisjoint(text[4:])
    assert text.count("TimeSig_6/8") == 2 and parts[1].legal(np.array(ids))


def test_an_opening_is_spelt_in_the_networks_own_ids():
    bases = [("A",), ("B",), ("A", "B"), ("A", "B", "C"), ("A", "B", "X"), ("A", "C"), ()]
    text, forbidden = ("A", "B"), frozenset("X")
    assert spelling(bases, text, forbidden).tolist() == [True, False, True, True, False, False, False]
    assert spelling(bases, ("B",), forbidden).tolist() == [False, True, False, False, False, False, False]


def test_what_the_grammar_demands_comes_before_what_is_forbidden(parts):
    ids, complete = make(parts, bars=1, forbidden=frozenset({"Bar_None"}))
    assert said(parts, ids)[0] == "Bar_None" and complete


def test_no_run_of_bars_twice(parts):
    """A network that knows one bar only has to leave it."""
    tokenizer = parts[1].tokenizer
    bar = ("Bar_None", "TimeSig_4/4", "Position_0", "Program_0", "Pitch_60", "Velocity_79", "Duration_1.0.12")
    prompt = [tokenizer.base.index((token,)) for token in bar] * 2
    known = frozenset(token for (token,) in tokenizer.base) - {*bar, "Pitch_62", "Pitch_64"}
    ids, _ = make(parts, bars=4, prompt=prompt, forbidden=known, no_repeat_ngram=0, no_repeat_bars=1)
    bars = " ".join(said(parts, [*prompt, *ids])).split("Bar_None")[1:]
    sounding = [bar for bar in bars[2:-1] if "Pitch" in bar]
    assert sounding and bars[0] not in sounding and len(set(sounding)) == len(sounding)
