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
    candidates,
    draw,
    hand_over,
)

some_logits = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=40).map(
    lambda values: np.array(values, np.float32))


def kept(logits: np.ndarray) -> set[int]:
    return set(np.flatnonzero(np.isfinite(logits)).tolist())


def plainly(logits: np.ndarray, how: Sampling) -> dict[int, float]:
    """What may be drawn and its probability, filter by filter."""
    scaled = (logits.astype(float) - logits.max()) / how.temperature
    weights = {i: np.exp(value) for i, value in enumerate(scaled) if np.isfinite(value)}
    if 0 < how.top_k < len(weights):
        last = sorted(weights.values())[-how.top_k]
        weights = {i: weight for i, weight in weights.items() if weight >= last}
    left, reached = {}, 0.0
    for i in sorted(weights, key=lambda i: -weights[i]):
        if how.top_p == 1 or reached < how.top_p * sum(weights.values()):
            left[i] = weights[i]
            reached += weights[i]
    likeliest = max(left.values())
    left = {i: weight for i, weight in left.items() if weight >= how.min_p * likeliest}
    return {i: weight / sum(left.values()) for i, weight in left.items()}


@given(some_logits, st.integers(0, 50), st.sampled_from([0.05, 0.3, 0.9, 1.0]),
       st.sampled_from([0, 0.01, 0.4]), st.sampled_from([0.3, 1.0, 2.0]), st.sets(st.integers(1, 39)))
def test_candidates_are_those_of_one_filter_after_the_other(logits, k, p, share, temperature, banned):
    logits = np.unique(logits)[::-1].copy()         # without ties, which filters may break either way
    np.random.default_rng(0).shuffle(logits)
    logits[[i for i in banned if i < len(logits)]] = -np.inf
    how = Sampling(temperature, k, p, share, 0)
    if not np.isfinite(logits).any():
        return
    ids, weights = candidates(logits, how)
    expected = plainly(logits, how)
    assert set(ids.tolist()) == set(expected) and (np.diff(weights) <= 0).all()
    np.testing.assert_allclose(weights / weights.sum(), [expected[i] for i in ids], rtol=1e-4)


@given(some_logits, st.lists(st.integers(0, 39)))
def test_a_ban_leaves_a_token(logits, tokens):
    tokens = [t for t in tokens if t < len(logits)]
    left = kept(ban(logits, tokens))
    assert left == kept(logits) - set(tokens) or (left == kept(logits) and set(tokens) >= left)


def test_filters_by_hand():
    logits = np.log([0.5, 0.25, 0.125, 0.125])

    def left(temperature: float = 1.0, top_k: int = 0, **how) -> list[int]:
        return candidates(logits, Sampling(temperature, top_k, **how))[0].tolist()

    assert left(top_k=2) == [0, 1]
    assert left(top_k=3) == [0, 1, 2, 3], "those equal to the last are kept"
    assert left(top_p=0.6) == [0, 1]
    assert left(top_p=0.5) == [0]
    assert left(min_p=0.4) == [0, 1]
    assert left(temperature=0) == [0]
    assert left() == [0, 1, 2, 3]


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
    for nobody in ((given, np.zeros(4, bool)), (np.zeros(4, bool), to)):
        np.testing.assert_array_equal(hand_over(logits, *nobody), logits)
