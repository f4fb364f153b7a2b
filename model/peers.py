"""The same weights in Hugging Face transformers, whose `generate` others would use. For measuring."""

from __future__ import annotations

import time

import numpy as np
import torch

from model.networks.transformer import Transformer
from model.sampling import Sampling

_PARTS = {
    "attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj", "attention.out": "self_attn.o_proj",
    "norm_attention": "input_layernorm", "norm_inner": "post_attention_layernorm",
    "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
}
_ENDS = {"embedding": "model.embed_tokens", "norm": "model.norm", "head": "lm_head"}


def mistral(network: Transformer) -> torch.nn.Module:
    """MistralForCausalLM with a network's weights. ImportError where transformers is not installed."""
    from transformers import MistralConfig, MistralForCausalLM

    shape = network.config
    twin = MistralForCausalLM(MistralConfig(
        vocab_size=shape.vocabulary, hidden_size=shape.width, intermediate_size=shape.inner,
        num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_size, sliding_window=shape.window, rms_norm_eps=1e-6, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        max_position_embeddings=max(4096, shape.window), bos_token_id=None, eos_token_id=None,
        pad_token_id=0))
    twin.load_state_dict({_name(key): weight for key, weight in network.state_dict().items()})
    return twin.eval()


def _name(key: str) -> str:
    first, *rest = key.removesuffix(".weight").split(".", 2)
    if first in _ENDS:
        return f"{_ENDS[first]}.weight"
    layer, part = rest
    return f"model.layers.{layer}.{_PARTS[part]}.weight"


class _Clock:
    """Notes when tokens come, as a streamer of `generate`."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, _: torch.Tensor) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


def generate(twin: torch.nn.Module, prompt: np.ndarray, how: Sampling, tokens: int, takes: int,
             seed: int) -> tuple[float, np.ndarray]:
    """So many takes of `tokens` new ids after a prompt, in one batch, by `generate` of transformers.

    Returns
    -------
    Tokens a second of all takes together, from the first new one to the last; and the ids, (takes, tokens).
    """
    ids, clock = torch.from_numpy(prompt)[None], _Clock()
    torch.manual_seed(seed)
    with torch.inference_mode():
        made = twin.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=how.temperature > 0,
            temperature=how.temperature, top_k=how.top_k, top_p=how.top_p, num_return_sequences=takes,
            no_repeat_ngram_size=how.no_repeat_ngram, streamer=clock)
    first, last = clock.times[1], clock.times[-1]       # the first time is that of the prompt
    return takes * (tokens - 1) / (last - first), made[:, len(prompt):].numpy()
