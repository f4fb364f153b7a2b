"""The same weights in llama.cpp, as a GGUF file of its architecture "llama", by llama-cpp-python.

That architecture has no sliding window, and rotates neighbours where ours rotates halves: the rows of the
query and key matrices are put in the order that makes these the same.
"""

from __future__ import annotations

import ctypes
import logging
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import gguf
import llama_cpp
import numpy as np
from gguf import GGMLQuantizationType as Kind

from model.networks.transformer import Transformer, TransformerConfig
from model.peers.peer import Peer, alone, renamed

KINDS = (Kind.F16, Kind.Q8_0)
_NAMES = {
    "embedding": "token_embd", "norm": "output_norm", "head": "output",
    "attention.query": "blk.{}.attn_q", "attention.key": "blk.{}.attn_k",
    "attention.value": "blk.{}.attn_v", "attention.out": "blk.{}.attn_output",
    "norm_attention": "blk.{}.attn_norm", "norm_inner": "blk.{}.ffn_norm",
    "gate": "blk.{}.ffn_gate", "up": "blk.{}.ffn_up", "down": "blk.{}.ffn_down",
}


def peers(network: Transformer, positions: int) -> list[Peer]:
    """ValueError: a shape that blocks of 8-bit numbers do not fit, or a window that is passed."""
    if positions > network.config.window:
        raise ValueError("llama.cpp knows no window: a prompt and its take have at most "
                         f"{network.config.window} tokens; received {positions}.")
    block, _ = gguf.GGML_QUANT_SIZES[Kind.Q8_0]
    if network.config.width % block or network.config.inner % block:
        raise ValueError(f"llama.cpp has 8-bit matrices of a multiple of {block} columns; received "
                         f"{network.config.width} and {network.config.inner}.")
    return [Peer(f"llama.cpp {kind.name}", f"llama-cpp-python {llama_cpp.__version__}",
                 alone(cache(partial(Llama, network, kind))))
            for kind in KINDS]


class Context:
    """What a sequence has been so far, in llama.cpp's memory."""

    def __init__(self, model: ctypes.c_void_p, capacity: int, threads: int) -> None:
        self.capacity, self.length = capacity, 0
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = capacity
        params.n_threads = params.n_threads_batch = threads
        self.pointer = llama_cpp.llama_init_from_model(model, params)

    def __del__(self) -> None:
        llama_cpp.llama_free(self.pointer)


class Llama:
    """A model of llama.cpp as an engine; see model/engine/__init__.py."""

    def __init__(self, network: Transformer, kind: Kind, threads: int = 1) -> None:
        logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)    # it takes warnings for errors
        self.config, self.threads = network.config, threads
        params = llama_cpp.llama_model_default_params()
        params.use_mmap = False         # the file is gone soon
        with TemporaryDirectory() as folder:
            file = Path(folder) / "model.gguf"
            write(network, kind, file)
            self._model = llama_cpp.llama_model_load_from_file(str(file).encode(), params)
        if not self._model:
            raise RuntimeError("llama.cpp could not load the network.")

    def cache(self, capacity: int) -> Context:
        return Context(self._model, capacity, self.threads)

    def read(self, steps: np.ndarray, context: Context) -> np.ndarray:
        """ValueError when the cache cannot take so many."""
        if context.length + len(steps) > context.capacity:
            raise ValueError(f"A cache holds {context.capacity} positions; "
                             f"received {context.length} + {len(steps)}.")
        ids = (llama_cpp.llama_token * len(steps))(*steps.tolist())
        if llama_cpp.llama_decode(context.pointer, llama_cpp.llama_batch_get_one(ids, len(steps))):
            raise RuntimeError("llama.cpp could not decode.")
        context.length += len(steps)
        logits = llama_cpp.llama_get_logits_ith(context.pointer, -1)
        return np.ctypeslib.as_array(logits, (self.config.vocabulary,)).copy()


def write(network: Transformer, kind: Kind, file: Path) -> None:
    """A network as GGUF, its matrices as numbers of one kind, without a tokenizer."""
    shape = network.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.window)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(network.norm.eps)
    for key, weight in network.state_dict().items():
        values = _neighbours(key, weight.float().numpy(), shape)
        numbers = kind if values.ndim > 1 else Kind.F32
        writer.add_tensor(renamed(key, _NAMES), gguf.quantize(values, numbers), raw_dtype=numbers)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _neighbours(key: str, values: np.ndarray, shape: TransformerConfig) -> np.ndarray:
    """Rows whose numbers are rotated together, one after the other, instead of half a head apart."""
    if not key.endswith(("query.weight", "key.weight")):
        return values
    return values.reshape(-1, 2, shape.head_size // 2, shape.width).swapaxes(1, 2).reshape(values.shape)
