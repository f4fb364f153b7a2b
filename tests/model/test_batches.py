"""Windows of a flat array lie side by side, start anywhere, and visit everything once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batches import windows


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 60), st.integers(0, 99))
def test_windows_have_their_shape_and_lie_side_by_side(length, batch, more, seed):
    array = np.arange(batch * length + 1 + more, dtype=np.uint16)
    stream = windows(array, length, batch, np.random.default_rng(seed))
    for _ in range(4):
        found = next(stream)
        assert found.shape == (batch, length + 1) and found.dtype == np.int64
        assert (np.diff(found, axis=1) == 1).all()
        starts = np.sort(found[:, 0])
        assert len(set(starts)) == batch and ((starts - starts[0]) % length == 0).all()


def test_an_epoch_visits_every_window_once():
    array = np.arange(9 * 8 + 1 + 7, dtype=np.uint16)       # nine windows from whatever offset on
    stream = windows(array, 8, 3, np.random.default_rng(0))
    for _ in range(4):
        starts = sorted(int(start) for _ in range(3) for start in next(stream)[:, 0])
        assert starts == list(range(starts[0], starts[0] + 72, 8))


def test_windows_start_anywhere():
    array = np.arange(1000, dtype=np.uint16)
    stream = windows(array, 10, 99, np.random.default_rng(0))
    assert {int(next(stream)[:, 0].min()) for _ in range(200)} == set(range(10))


@pytest.mark.parametrize("tokens, given", [(0, 0), (1, 0), (80, 7)])
def test_too_short_an_array(tokens, given):
    with pytest.raises(ValueError, match=f"A batch needs 8 windows of 10 tokens; the array gives {given}."):
        next(windows(np.zeros(tokens, np.uint16), 10, 8, np.random.default_rng(0)))
