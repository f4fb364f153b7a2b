"""One step of a transformer's body, and of a note's heads, in 8-bit arithmetic: compiled, one function each.

What networks/transformer.py and networks/compound.py say, for one new position and one sequence. The gains of
the norms are part of the matrices after them. Keys and values are kept in 8 bits, too, in tiles: a
position's key is a row of a matrix, its value a column; queries and attention weights, the vectors that these
are multiplied with, have 16 bits, as two vectors of 8.

Letters: L layers, K key-value heads, G queries to each, D head size, S positions that there is room for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from model.engine.tiles import FAST, HALF, ROWS, Tiles, dot, f32, multiply, round_to_bytes

EPSILON = f32(1e-6)         # of the norms


class Blocks(NamedTuple):
    """The matrices of all layers, stacks (L, n, k). attend: query, key, value; gate_up: both, gate first."""

    attend: Tiles
    out: Tiles
    gate_up: Tiles
    down: Tiles


class Memory(NamedTuple):
    """Keys and values. D and S stand for themselves, rounded up to what tiles hold.

    keys: int8 (L, K, S / ROWS, D / 4, ROWS, 4); key_scale, key_shift: (L, K, S), as those of Tiles.
    values: int8 (L, K, D / ROWS, S / 4, ROWS, 4); value_scale: float32 (L, K, S), of a position.
    """

    keys: np.ndarray
    key_scale: np.ndarray
    key_shift: np.ndarray
    values: np.ndarray
    value_scale: np.ndarray


@intrinsic
def _as_float(_, bits):
    """The float32 whose bits these are."""
    def generate(context, builder, signature, values):
        return builder.bitcast(values[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@njit(fastmath=FAST, cache=True)
def exp(x: float) -> float:
    """e^x to about 1e-7 of itself, in operations that vectorise: 2^n times a polynomial of what is left
    (Cody and Waite 1980, chapter 6; Taylor's coefficients). Below -87 it is e^-87."""
    x = max(min(x, f32(88)), f32(-87))
    n = np.floor(x * f32(1.44269504) + f32(0.5))
    r = (x - n * f32(0.693359375)) + n * f32(2.12194440e-4)
    p = f32(1 / 720) + r * f32(1 / 5040)
    for coefficient in (f32(1 / 120), f32(1 / 24), f32(1 / 6), f32(1 / 2), f32(1), f32(1)):
        p = p * r + coefficient
    return p * _as_float((np.int32(n) + np.int32(127)) << np.int32(23))


@njit(fastmath=FAST, cache=True)
def inverse_rms(x: np.ndarray) -> float:
    """What RMSNorm multiplies a vector with."""
    total = f32(0)
    for i in range(x.size):
        total += x[i] * x[i]
    return f32(1) / np.sqrt(total / f32(x.size) + EPSILON)


@njit(fastmath=FAST, cache=True)
def rotate(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> None:
    """Rotary position embedding of a head (D,), in place."""
    half = cos.size
    for i in range(half):
        a, b = x[i], x[i + half]
        x[i], x[i + half] = a * cos[i] - b * sin[i], a * sin[i] + b * cos[i]


@njit(fastmath=FAST, cache=True)
def remember(memory: Memory, layer: int, head: int, at: int, key: np.ndarray, value: np.ndarray) -> None:
    """Write a position's key and value (D,)."""
    tile, row = divmod(at, ROWS)
    four, place = divmod(at, 4)
    top, high = f32(1e-20), f32(1e-20)
    for i in range(key.size):
        top, high = max(top, abs(key[i])), max(high, abs(value[i]))
    total = np.int32(0)
    for i in range(key.size):
        whole = np.int8(np.rint(key[i] * (f32(127) / top)))
        memory.keys[layer, head, tile, i // 4, row, i % 4] = whole
        total += np.int32(whole)
        memory.values[layer, head, i // ROWS, four, i % ROWS, place] = np.int8(
            np.rint(value[i] * (f32(127) / high)))
    memory.key_scale[layer, head, at] = top / f32(127)
    memory.key_shift[layer, head, at] = HALF * total
    memory.value_scale[layer, head, at] = high / f32(127)


@njit(fastmath=FAST, cache=True)
def remember_all(memory: Memory, keys: np.ndarray, values: np.ndarray) -> None:
    """Write the keys and values of the first positions, float32 (L, K, T, D)."""
    for layer in range(keys.shape[0]):
        for head in range(keys.shape[1]):
            for at in range(keys.shape[2]):
                remember(memory, layer, head, at, keys[layer, head, at], values[layer, head, at])


@njit(fastmath=FAST, cache=True)
def attend(query: np.ndarray, memory: Memory, layer: int, head: int, first: int, stop: int,
           out: np.ndarray) -> None:
    """What a query (D,) makes of positions first ... stop - 1 of its key-value head, into out (D,)."""
    size = query.size
    keys, values = memory.keys[layer, head], memory.values[layer, head]
    scale, shift = memory.key_scale[layer, head], memory.key_shift[layer, head]
    high, low = np.zeros(4 * keys.shape[1], np.uint8), np.zeros(4 * keys.shape[1], np.uint8)
    coarse, fine = np.empty(ROWS, np.int32), np.empty(ROWS, np.int32)
    top = f32(1e-20)
    for i in range(size):
        top = max(top, abs(query[i]))
    for i in range(size):
        whole = np.int32(query[i] * (f32(32000) / top) + f32(32768.5))
        high[i], low[i] = np.uint8(whole >> 8), np.uint8(whole & 255)
    unit = top / f32(32000) / np.sqrt(f32(size))
    begin, end = first // ROWS * ROWS, (stop + ROWS - 1) // ROWS * ROWS
    weights = np.empty(end - begin, np.float32)
    for tile in range(begin // ROWS, end // ROWS):
        dot(keys[tile], high, coarse)
        dot(keys[tile], low, fine)
        at = tile * ROWS
        for i in range(ROWS):
            score = f32(coarse[i] - shift[at + i]) * f32(256) + f32(fine[i])
            weights[at - begin + i] = score * (scale[at + i] * unit)
    highest = f32(-1e30)
    for i in range(first, stop):
        highest = max(highest, weights[i - begin])
    for i in range(weights.size):
        weights[i] = exp(weights[i] - highest)
    weights[: first - begin] = f32(0)
    weights[stop - begin :] = f32(0)
    total, top = f32(0), f32(1e-20)
    for i in range(weights.size):
        total += weights[i]
        weights[i] *= memory.value_scale[layer, head, begin + i]
        top = max(top, weights[i])
    high, low = np.empty(weights.size, np.uint8), np.empty(weights.size, np.uint8)
    for i in range(weights.size):
        whole = np.int32(weights[i] * (f32(65000) / top) + f32(0.5))
        high[i], low[i] = np.uint8(whole >> 8), np.uint8(whole & 255)
    unit = top / f32(65000) / total
    for tile in range(values.shape[0]):
        here = values[tile, begin // 4 : end // 4]
        dot(here, high, coarse)
        dot(here, low, fine)
        for i in range(min(ROWS, size - tile * ROWS)):
            out[tile * ROWS + i] = (f32(coarse[i]) * f32(256) + f32(fine[i])) * unit


@njit(fastmath=FAST, cache=True)
def normed(matrix: Tiles, x: np.ndarray, out: np.ndarray) -> None:
    """out = matrix times the RMSNorm of x."""
    rounded = np.empty(4 * matrix.weights.shape[1], np.uint8)
    scale = round_to_bytes(x, rounded) * inverse_rms(x)
    multiply(matrix, rounded, scale, out, False)


@njit(fastmath=FAST, cache=True)
def added(matrix: Tiles, x: np.ndarray, out: np.ndarray) -> None:
    """out += matrix times x."""
    rounded = np.empty(4 * matrix.weights.shape[1], np.uint8)
    scale = round_to_bytes(x, rounded)
    multiply(matrix, rounded, scale, out, True)


@njit(fastmath=FAST, cache=True)
def of_layer(stack: Tiles, layer: int) -> Tiles:
    return Tiles(stack.weights[layer], stack.scale[layer], stack.shift[layer])


@njit(fastmath=FAST, cache=True)
def body(x: np.ndarray, blocks: Blocks, memory: Memory, at: int, window: int, heads: int, cos: np.ndarray,
         sin: np.ndarray) -> None:
    """All blocks, on an embedded step x (width,) at position `at`, in place. cos, sin: (D / 2,) of it."""
    size, kv_heads = 2 * cos.size, memory.keys.shape[1]
    first = max(0, at - window + 1)
    mixed = np.empty((heads + 2 * kv_heads) * size, np.float32)
    heard = np.empty(heads * size, np.float32)
    inner = np.empty(blocks.gate_up.scale.shape[1], np.float32)
    half = inner.size // 2
    for layer in range(blocks.out.scale.shape[0]):
        normed(of_layer(blocks.attend, layer), x, mixed)
        each = mixed.reshape(heads + 2 * kv_heads, size)
        for head in range(heads + kv_heads):
            rotate(each[head], cos, sin)
        for head in range(kv_heads):
            remember(memory, layer, head, at, each[heads + head], each[heads + kv_heads + head])
        for head in range(heads):
            attend(each[head], memory, layer, head * kv_heads // heads, first, at + 1,
                   heard[head * size : (head + 1) * size])
        added(of_layer(blocks.out, layer), heard, x)
        normed(of_layer(blocks.gate_up, layer), x, inner)
        for i in range(half):
            inner[i] = inner[i] / (f32(1) + exp(-inner[i])) * inner[half + i]
        added(of_layer(blocks.down, layer), inner[:half], x)


@njit(fastmath=FAST, cache=True)
def field(known: np.ndarray, up: Tiles, down: Tiles, out: Tiles) -> np.ndarray:
    """Logits of a note's field from what is known (width,): networks/compound.py, Head."""
    inner, told = np.empty(up.scale.size, np.float32), known.copy()
    normed(up, known, inner)
    for i in range(inner.size):
        inner[i] = inner[i] / (f32(1) + exp(-inner[i]))
    added(down, inner, told)
    logits = np.empty(out.scale.size, np.float32)
    normed(out, told, logits)
    return logits
