"""The same weights in Hugging Face transformers, with its own loop, `generate`."""

from __future__ import annotations

import time

import numpy as np
import torch
import transformers

from model.networks.transformer import Transformer
from model.peers.peer import Peer, Play, renamed
from model.sampling import Sampling

_NAMES = {
    "embedding": "model.embed_tokens", "norm": "model.norm", "head": "lm_head",
    "attention.query": "model.layers.{}.self_attn.q_proj",
    "attention.key": "model.layers.{}.self_attn.k_proj",
    "attention.value": "model.layers.{}.self_attn.v_proj",
    "attention.out": "model.layers.{}.self_attn.o_proj",
    "norm_attention": "model.layers.{}.input_layernorm",
    "norm_inner": "model.layers.{}.post_attention_layernorm",
    "gate": "model.layers.{}.mlp.gate_proj", "up": "model.layers.{}.mlp.up_proj",
    "down": "model.layers.{}.mlp.down_proj",
}


def peers(network: Transformer, positions: int) -> list[Peer]:
    return [Peer("transformers", transformers.__version__, generating(mistral(network)), together=True)]


def mistral(network: Transformer) -> transformers.MistralForCausalLM:
    """MistralForCausalLM with a network's weights."""
    shape = network.config
    twin = transformers.MistralForCausalLM(transformers.MistralConfig(
        vocab_size=shape.vocabulary, hidden_size=shape.width, intermediate_size=shape.inner,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_size, sliding_window=shape.window, rms_norm_eps=1e-6, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        max_position_embeddings=max(4096, shape.window), bos_token_id=None, eos_token_id=None,
        pad_token_id=0))
    twin.load_state_dict({renamed(key, _NAMES): weight for key, weight in network.state_dict().items()})
    return twin.eval()


class _Clock:
    """Notes when tokens come, as a streamer of `generate`."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, _: torch.Tensor) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


def generating(twin: transformers.MistralForCausalLM) -> Play:
    """All takes in one batch, by `generate`."""
    def play(prompt: np.ndarray, how: Sampling, tokens: int, *, takes: int, threads: int,
             seed: int) -> tuple[float, np.ndarray]:
        ids, clock, before = torch.from_numpy(prompt)[None], _Clock(), torch.get_num_threads()
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        try:
            with torch.inference_mode():
                made = twin.generate(
                    ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens,
                    do_sample=how.temperature > 0, temperature=how.temperature, top_k=how.top_k,
                    top_p=how.top_p, no_repeat_ngram_size=how.no_repeat_ngram, num_return_sequences=takes,
                    streamer=clock)
        finally:
            torch.set_num_threads(before)
        first, last = clock.times[1], clock.times[-1]       # the first time is that of the prompt
        return takes * (tokens - 1) / (last - first), made[:, len(prompt):].numpy()

    return play
