"""Filters keep a token, bans hold, draws follow the distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.sampling import (
    Bars,
    Ngrams,
    Sampling,
    ban,
    draw,
    hand_over,
    keep_min_p,
    keep_top_k,
    keep_top_p,
)

some_logits = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40).map(
    lambda values: np.array(values, np.float32))


def kept(logits: np.ndarray) -> set[int]:
    return set(np.flatnonzero(np.isfinite(logits)).tolist())


@given(some_logits, st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_filters_leave_the_likeliest_token(logits, k, p, share):
    for left in (keep_top_k(logits, k), keep_top_p(logits, p), keep_min_p(logits, share)):
        assert left.max() == logits.max()


@given(some_logits, st.lists(st.integers(0, 39)))
def test_a_ban_leaves_a_token(logits, tokens):
    tokens = [t for t in tokens if t < len(logits)]
    left = kept(ban(logits, tokens))
    assert left == kept(logits) - set(tokens) or (left == kept(logits) and set(tokens) >= left)


def test_filters_by_hand():
    logits = np.log([0.5, 0.25, 0.125, 0.125])
    assert kept(keep_top_k(logits, 2)) == {0, 1}
    assert kept(keep_top_p(logits, 0.6)) == {0, 1}
    assert kept(keep_top_p(logits, 0.5)) == {0}
    assert kept(keep_min_p(logits, 0.4)) == {0, 1}
    for off in (keep_top_k(logits, 0), keep_top_p(logits, 1.0), keep_min_p(logits, 0)):
        assert kept(off) == {0, 1, 2, 3}


def test_draws_follow_the_distribution():
    logits = np.log([0.6, 0.3, 0.1])
    rng = np.random.default_rng(0)
    how = Sampling(temperature=1.0, top_k=0, no_repeat_ngram=0)
    counts = np.bincount([draw(logits, how, rng) for _ in range(4000)], minlength=3) / 4000
    assert np.abs(counts - [0.6, 0.3, 0.1]).max() < 0.03


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 5))
def test_ngrams_ban_exactly_what_would_repeat(history, n):
    ngrams = Ngrams(n)
    for token in history:
        ngrams.add(token)
    seen = {tuple(history[i : i + n]) for i in range(len(history) - n + 1)}
    last = tuple(history[len(history) - n + 1 :])
    expected = {token for token in range(4) if (*last, token) in seen and len(history) >= n - 1}
    assert set(ngrams.banned()) == expected


def hear(bars: Bars, *contents: str) -> None:
    """Bars of notes, a letter each, all but the last one ended; a point is heard but no note."""
    for content in contents:
        bars.begin()
        for token in content:
            bars.add(token, sounds=token != ".")


def test_a_repeated_run_of_bars_must_go_on():
    bars = Bars(2)
    hear(bars, "a", "b", "a")
    assert not bars.must_go_on()
    hear(bars, "b")
    assert bars.must_go_on(), "a b has been heard"
    bars.add("c")
    assert not bars.must_go_on()


@pytest.mark.parametrize("n, contents, repeats", [
    (1, ["a", "a"], True),
    (1, ["a", "b"], False),
    (1, ["a", "b", "a"], True),
    (2, ["a", "a"], False),
    (2, ["a", "a", "a"], True),
    (2, ["a", "", "b", "a", "b"], False),       # a silent bar is a bar
    (2, ["a", "", "b", "", "b"], True),
    (3, ["a", "b", "c", "b", "c"], False),
    (3, ["a", "b", "c", "a", "b", "c"], True),
    (1, ["ab", "a"], False),                    # only the whole bar counts
    (1, ["", ""], False),                       # an empty bar may always end
    (1, [".", "."], False),
    (0, ["a", "a"], False),
])
def test_runs_of_bars_by_hand(n, contents, repeats):
    bars = Bars(n)
    hear(bars, *contents)
    assert bars.must_go_on() is repeats


def test_hand_over_moves_probability_and_keeps_the_sum():
    logits = np.log([0.1, 0.4, 0.3, 0.2])
    given, to = np.array([True, True, False, False]), np.array([False, False, True, True])
    after = hand_over(logits, given, to)
    np.testing.assert_allclose(np.exp(after), [0.1, 0.4, 0.6, 0.4])
    assert hand_over(logits, given, np.zeros(4, bool)) is logits
