"""The integer arithmetic is exact, whatever the processor has; the rounding is what it says."""

import numpy as np
import pytest
from numba import njit

from model.engine import tiles
from model.engine.steps import exp
from model.engine.tiles import HALF, ROWS, multiply, pack, round_to_bytes


def unpacked(matrix: tiles.Tiles, n: int, k: int) -> np.ndarray:
    """The integers of a packed matrix, int64 (n, k)."""
    whole = np.moveaxis(matrix.weights, -2, -3)
    return whole.reshape(*whole.shape[:-4], whole.shape[-4] * ROWS, -1)[..., :n, :k].astype(np.int64)


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("n, k", [(1, 1), (64, 64), (65, 30), (200, 7), (32, 512)])
def test_a_matrix_times_a_vector_is_exact_but_for_the_rounding(n, k, rng):
    weights, x = rng.standard_normal((n, k)).astype(np.float32), rng.standard_normal(k).astype(np.float32)
    matrix = pack(weights)
    whole = unpacked(matrix, n, k)
    np.testing.assert_array_equal(whole, np.rint(weights / (np.abs(weights).max(1) / 127)[:, None]))
    rounded = np.zeros(4 * matrix.weights.shape[-3], np.uint8)
    scale = round_to_bytes(x, rounded)
    signed = rounded[:k].astype(np.int64) - HALF
    assert np.abs(signed).max() == 127 and np.abs(signed * scale - x).max() <= 0.501 * scale
    out = np.ones(n, np.float32)
    multiply(matrix, rounded, scale, out, True)
    np.testing.assert_allclose(out - 1, (whole @ signed) * matrix.scale * scale, rtol=1e-5, atol=1e-5)
    multiply(matrix, rounded, scale, out, False)
    np.testing.assert_allclose(out, (whole @ signed) * matrix.scale * scale, rtol=1e-5, atol=1e-6)


def test_silence_is_no_division_by_zero():
    out, nothing, rounded = np.ones(3, np.float32), np.zeros((3, 8), np.float32), np.zeros(8, np.uint8)
    scale = round_to_bytes(nothing[0], rounded)
    multiply(pack(nothing), rounded, scale, out, False)
    assert out.tolist() == [0, 0, 0]


def test_processors_without_the_instruction_give_the_same(rng, monkeypatch):
    weights = rng.integers(-127, 128, (9, ROWS, 4)).astype(np.int8)
    vector, here, elsewhere = rng.integers(0, 256, 36).astype(np.uint8), *np.empty((2, ROWS), np.int32)
    njit(lambda w, x, out: tiles.dot(w, x, out))(weights, vector, here)
    monkeypatch.setattr(tiles, "_four_products", tiles._four_products_anywhere)
    njit(lambda w, x, out: tiles.dot(w, x, out))(weights, vector, elsewhere)
    expected = np.moveaxis(weights, 1, 0).reshape(ROWS, -1).astype(np.int64) @ vector.astype(np.int64)
    assert here.tolist() == elsewhere.tolist() == expected.tolist()


def test_the_exponential():
    x = np.linspace(-80, 80, 3001).astype(np.float32)
    found = np.array([exp(value) for value in x])
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1).max() < 3e-7
    assert 0 < exp(np.float32(-1e30)) < 1e-37
