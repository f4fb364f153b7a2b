"""Guidance adds once more what the prompt or a wish says, and lets go of nothing else."""

import numpy as np
import pytest

from model import checkpoint
from model import engine as engines
from model.compound import events as ev
from model.compound.decoding import generate
from model.compound.guidance import STYLE, Guided, contrasts
from model.compound.plan import from_nothing, from_prompt
from model.sampling import Sampling
from model.wishes import Wishes
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
    guided = Guided(engine, contrasts(PROMPT, 1.0))
    caches = guided.caches(engines.prefill(engine, PROMPT).copy(20), 8)
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
    assert len(contrasts(plan.given, 1.0)) == len(contrasts(plan.given, 0.0))
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
    caches = Guided(Remembering(), contrasts(PROMPT, 1.0)).caches(engines.prefill(Remembering(), PROMPT), 8)
    [bare] = caches.others
    assert len(bare.read_so_far) == 3 and len(caches.full.read_so_far) == 7


def test_a_style_is_left_out_of_its_contrast_alone():
    wished = np.concatenate([ev.header(0, 5, style=3, density=4, players=[PIANO]), PROMPT[len(OPENING):]])
    prompt, style = contrasts(wished.astype(np.int64), 0.5)
    assert (prompt.strength, style.strength) == (0.5, STYLE)
    assert prompt.given[0, ev.PITCH] == 3 and len(prompt.given) < len(wished)
    assert style.given[0].tolist() == ev.special(ev.START).tolist()
    assert style.given[1:].tolist() == wished[1:].tolist()
    assert contrasts(PROMPT, 0.0) == []


def test_a_style_that_is_wished_for_changes_what_is_played(tiny_events):
    network = checkpoint.load(tiny_events).network
    takes = [generate(network, plan.given, plan.rules, Sampling(1.0, 0, no_repeat_ngram=0), bars=4, room=200,
                      seed=3)[0].tobytes()
             for plan in (from_nothing([0], 120.0, Wishes(style)) for style in ("", "rock", "song"))]
    assert len(set(takes)) == 3
