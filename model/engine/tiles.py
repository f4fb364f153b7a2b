"""Matrices of 8-bit integers, and what they make of a vector: the arithmetic under the fast engine.

A row of weights is round(w / scale) with scale = max |w| / 127; a vector is rounded likewise, to one scale
of its own, when it comes (Jacob et al. 2018, section 2; Dettmers et al. 2022, section 2.1).
Products and sums are exact integers, so that every processor gives the same.

Rows are kept in tiles of ROWS, columns in fours: (tiles, columns / 4, ROWS, 4), the order in which the
processor's instruction for four products at a time (AVX-512 VNNI) wants them, read once from front to back.
Where there is no such instruction the same sums are made of what there is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.extending import intrinsic

ROWS = 64
LANES = 16                  # sums that one register holds
HALF = 128                  # what is added to a signed 8-bit number, so that it has no sign
FAST = {"reassoc", "contract", "arcp", "nsz"}       # freedom of order for the compiler; infinities stay
f32 = np.float32


class Tiles(NamedTuple):
    """A matrix (n, k), or a stack of them (..., n, k).

    weights: int8 (..., tiles, ceil(k / 4), ROWS, 4). scale: float32 (..., n). shift: int32 (..., n), HALF
    times the sum of a row's integers.
    """

    weights: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


def pack(matrix: np.ndarray) -> Tiles:
    """Quantise a float matrix (..., n, k)."""
    *stack, n, k = matrix.shape
    scale = np.maximum(np.abs(matrix).max(-1), 1e-20) / 127
    whole = np.rint(matrix / scale[..., None]).astype(np.int8)
    shift = HALF * whole.sum(-1, dtype=np.int32)
    whole = np.pad(whole, [(0, 0)] * len(stack) + [(0, -n % ROWS), (0, -k % 4)])
    weights = np.moveaxis(whole.reshape(*stack, -1, ROWS, (k + 3) // 4, 4), -3, -2)
    return Tiles(np.ascontiguousarray(weights), scale.astype(f32), shift)


def _four_products(builder: ir.IRBuilder, sums: ir.Value, vector: ir.Value, weights: ir.Value) -> ir.Value:
    """sums (16 x int32) + the sums of four products each of uint8 (of `vector`) and int8 (of `weights`)."""
    word, name = sums.type, "llvm.x86.avx512.vpdpbusd.512"
    if binding.get_host_cpu_features().get("avx512vnni"):
        kind = ir.FunctionType(word, [word] * 3)
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, [sums, vector, weights])
    return _four_products_anywhere(builder, sums, vector, weights)


def _four_products_anywhere(builder: ir.IRBuilder, sums: ir.Value, vector: ir.Value,
                            weights: ir.Value) -> ir.Value:
    """The same in operations that every processor has."""
    word = sums.type
    narrow, wide = ir.VectorType(ir.IntType(8), 4 * LANES), ir.VectorType(ir.IntType(32), 4 * LANES)
    products = builder.mul(builder.zext(builder.bitcast(vector, narrow), wide),
                           builder.sext(builder.bitcast(weights, narrow), wide))
    for at in range(4):
        every_fourth = ir.Constant(word, list(range(at, 4 * LANES, 4)))
        sums = builder.add(sums, builder.shuffle_vector(products, products, every_fourth))
    return sums


@intrinsic
def dot(_, weights, vector, sums):
    """sums (int32 (ROWS,)) = weights (int8 (k, ROWS, 4), contiguous) times vector (uint8, at least 4 k)."""
    signature = types.void(weights, vector, sums)

    def generate(context, builder, signature, values):
        number, index = ir.IntType(32), ir.IntType(64)
        word = ir.VectorType(number, LANES)
        tile, given, out = (context.make_array(kind)(context, builder, value)
                            for kind, value in zip(signature.args, values, strict=True))
        count = builder.extract_value(tile.shape, 0)
        tile_words = builder.bitcast(tile.data, word.as_pointer())
        fours = builder.bitcast(given.data, number.as_pointer())
        out_words = builder.bitcast(out.data, word.as_pointer())
        nothing, registers = ir.Constant(word, [0] * LANES), ROWS // LANES
        before, loop, after = builder.block, *(builder.append_basic_block(name) for name in ("loop", "after"))
        builder.branch(loop)
        builder.position_at_end(loop)
        at = builder.phi(index)
        at.add_incoming(index(0), before)
        sums = [builder.phi(word) for _ in range(registers)]
        one = builder.insert_element(nothing, builder.load(builder.gep(fours, [at]), align=1), number(0))
        everywhere = builder.shuffle_vector(one, one, nothing)
        for register, old in enumerate(sums):
            place = builder.add(builder.mul(at, index(registers)), index(register))
            new = _four_products(builder, old, everywhere,
                                 builder.load(builder.gep(tile_words, [place]), align=1))
            old.add_incoming(nothing, before)
            old.add_incoming(new, loop)
            sums[register] = new
        following = builder.add(at, index(1))
        at.add_incoming(following, loop)
        builder.cbranch(builder.icmp_signed("<", following, count), loop, after)
        builder.position_at_end(after)
        for register, new in enumerate(sums):
            builder.store(new, builder.gep(out_words, [index(register)]), align=1)
        return context.get_dummy_value()

    return signature, generate


@njit(fastmath=FAST, cache=True)
def round_to_bytes(x: np.ndarray, out: np.ndarray) -> float:
    """out = HALF + x / scale, rounded; returns scale."""
    top = f32(1e-20)
    for i in range(x.size):
        top = max(top, abs(x[i]))
    for i in range(x.size):
        out[i] = np.uint8(np.int32(x[i] * (f32(127) / top) + f32(HALF + 0.5)))
    return top / f32(127)


@njit(fastmath=FAST, cache=True)
def multiply(matrix: Tiles, x: np.ndarray, scale: float, out: np.ndarray, add: bool) -> None:
    """out (n,) = (or +=, with `add`) matrix times the float vector that is scale * (x - HALF)."""
    sums = np.empty(ROWS, np.int32)
    for tile in range(matrix.weights.shape[0]):
        dot(matrix.weights[tile], x, sums)
        first = tile * ROWS
        for i in range(min(ROWS, out.size - first)):
            value = f32(sums[i] - matrix.shift[first + i]) * (matrix.scale[first + i] * scale)
            out[first + i] = out[first + i] + value if add else value
