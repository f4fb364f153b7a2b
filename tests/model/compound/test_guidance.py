"""Guidance adds once more what the prompt says, and lets go of nothing else."""

import numpy as np
import pytest

from model import checkpoint
from model import engine as engines
from model.compound import events as ev
from model.compound.decoding import generate
from model.compound.guidance import Guided
from model.compound.plan import from_nothing, from_prompt
from model.sampling import Sampling
from tests.model.compound.wilful import OPENING, PIANO, Wilful

PROMPT = np.concatenate([OPENING, [[12 * (place > 0), PIANO, pitch, 11, 20, 12 * place % 48, place // 4]
                                   for place, pitch in enumerate([60, 64, 67, 72] * 2)]])


class Remembering(Wilful):
    """Likes the pitches that it has read."""

    def __init__(self, **wanted):
        super().__init__(**wanted)
        self.read_so_far = []

    def cache(self, capacity):
        return Remembering(**self.wanted)

    def copy(self, capacity):
        other = Remembering(**self.wanted)
        other.read_so_far = list(self.read_so_far)
        return other

    def read(self, rows, cache):
        cache.read_so_far += rows[rows[:, ev.INSTRUMENT] >= ev.PLAYERS, ev.PITCH].tolist()
        return np.bincount(cache.read_so_far, minlength=ev.CLASSES["pitch"]).astype(np.float32)

    def logits(self, field, known):
        return known.copy() if field == ev.PITCH else super().logits(field, known)


def test_what_the_prompt_says_is_said_once_more():
    engine = Remembering()
    guided = Guided(engine, 1.0)
    caches = guided.caches(engines.prefill(engine, PROMPT).copy(20), PROMPT, 8)
    full, bare = guided.read(PROMPT[-1:], caches)
    assert full[60] == 2 and bare[60] == 1          # the last bar is heard without the prompt, too
    [once], [twice] = ([logits[60] - logits[61]] for logits in (full, guided.logits(ev.PITCH, (full, bare))))
    assert twice == pytest.approx(once + 1)


def test_no_strength_is_no_guidance(tiny_events, music):
    network = checkpoint.load(tiny_events).network
    plan = from_prompt(music(), 4)
    plain, hardly, much = (
        generate(network, plan.given, plan.rules, Sampling(1.0, 0, no_repeat_ngram=0, guidance=strength),
                 bars=3, room=200, seed=3)[0]
        for strength in (0.0, 1e-12, 1.0))
    assert plain.tobytes() == hardly.tobytes() != much.tobytes()


def test_music_from_nothing_has_no_prompt_to_follow(tiny_events):
    network, plan = checkpoint.load(tiny_events).network, from_nothing([0], 120.0)
    plain, guided = (
        generate(network, plan.given, plan.rules, Sampling(1.0, 0, no_repeat_ngram=0, guidance=strength),
                 bars=2, room=100, seed=3)[0]
        for strength in (0.0, 1.0))
    assert plain.tobytes() == guided.tobytes()


def test_a_guided_bar_is_made_again_from_where_it_began(tiny_events, music):
    """Both caches go back together: a guarded take is the same twice."""
    network, plan = checkpoint.load(tiny_events).network, from_prompt(music(), 4)
    how = Sampling(1.0, 0, no_repeat_ngram=0, guidance=0.75, guard=True, ending=True)
    first, again = (generate(network, plan.given, plan.rules, how, bars=4, room=400, seed=3)[0] for _ in "ab")
    assert first.tobytes() == again.tobytes() and ev.is_note(first).any()


def test_the_last_bar_is_all_that_is_heard_without_the_prompt():
    caches = Guided(Remembering(), 1.0).caches(engines.prefill(Remembering(), PROMPT), PROMPT, 8)
    assert len(caches.bare.read_so_far) == 3 and len(caches.full.read_so_far) == 7
