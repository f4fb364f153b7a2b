"""What the engine is measured against has the same weights: it says the same."""

import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from model import peers
from model.engine.fidelity import fidelity
from model.engine.plain import Plain
from model.networks.transformer import Transformer, TransformerConfig
from model.peers.peer import alone
from model.sampling import Sampling

SHAPE = {"vocabulary": 60, "width": 64, "layers": 2, "inner": 96, "heads": 4, "kv_heads": 2, "window": 40}
IDS = np.random.default_rng(1).integers(0, 60, 40)


def made_up(**shape: int) -> Transformer:
    network = Transformer(TransformerConfig(**SHAPE | shape))
    network.initialise(torch.Generator().manual_seed(0))
    for parameter in network.parameters():      # livelier than at the start of training
        parameter.data *= 3 if parameter.ndim == 2 else 1
    return network.eval()


def engine(peer: str, network: Transformer, threads: int = 1) -> object:
    """onnx float32, llama Q8_0 ...: a test is skipped where the peer is not installed."""
    program, kind = peer.split()
    for package in {"onnx": ("onnx", "onnxruntime"), "llama": ("gguf", "llama_cpp")}[program]:
        pytest.importorskip(package, reason=f"{package} is not installed (docs/engine.md, Peers)")
    if program == "onnx":
        from model.peers import onnx

        graph = onnx.graph(network, len(IDS))
        return onnx.Runtime(onnx.in_bytes(graph) if kind == "int8" else graph, network.config, threads)
    from model.peers import llama

    return llama.Llama(network, llama.Kind[kind], threads)


def test_transformers_has_the_same_logits():
    transformers = pytest.importorskip("model.peers.transformers")
    network, ids = made_up(window=12), torch.from_numpy(IDS[None])
    with torch.inference_mode():
        found = transformers.mistral(network)(ids).logits
        torch.testing.assert_close(found, network(ids), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("peer, shape", [
    ("onnx float32", {}), ("onnx float32", {"window": 12}), ("llama F32", {})])
@pytest.mark.parametrize("begin", [1, 25])
def test_an_exact_peer_has_the_same_logits(peer, shape, begin):
    """At every step, whatever was read at once, past the window where it has one."""
    network = made_up(**shape)
    theirs, expected = engine(peer, network), Plain(network)
    cache, exact = theirs.cache(len(IDS)), expected.cache(len(IDS))
    for at in (0, *range(begin, len(IDS))):
        steps = IDS[: begin] if at == 0 else IDS[at : at + 1]
        np.testing.assert_allclose(theirs.read(steps, cache), expected.read(steps, exact), atol=2e-3)
    with pytest.raises(ValueError, match=r"^A cache holds 40 positions; received 40 \+ 1\.$"):
        theirs.read(IDS[:1], cache)


@pytest.mark.parametrize("peer", ["onnx int8", "llama F16", "llama Q8_0"])
def test_a_peer_of_fewer_bits_says_nearly_the_same(peer):
    network = made_up()
    found = fidelity(engine(peer, network), Plain(network), [IDS])
    assert 0.98 < found["ratio"] < 1.02 and 0 < found["kl_nats"] < 0.01


def test_transformers_makes_what_it_is_asked_for():
    transformers = pytest.importorskip("model.peers.transformers")
    play = transformers.generating(transformers.mistral(made_up()))
    speed, ids = play(IDS[:10], Sampling(), 9, takes=3, threads=1, seed=0)
    assert speed > 0 and ids.shape == (3, 9) and ids.min() >= 0 and ids.max() < 60


def test_the_loop_around_an_engine_says_nothing_twice():
    play = alone(lambda threads: Plain(made_up()))
    how = Sampling(temperature=0.0, no_repeat_ngram=2)
    speed, ids = play(IDS[:10], how, 25, takes=1, threads=1, seed=0)
    said = [*IDS[:10].tolist(), *ids[0].tolist()]
    pairs = list(pairwise(said))
    assert speed > 0 and ids.shape == (1, 25) and len(set(pairs[9:])) == len(pairs[9:])
    with pytest.raises(ValueError, match=r"^This peer plays 1 take at a time; received 2\.$"):
        play(IDS[:10], how, 25, takes=2, threads=1, seed=0)


def test_what_is_installed_plays():
    found, missing = peers.installed(made_up(), len(IDS))
    assert len({name.split()[0] for name in found}) + len(missing) == 3
    for peer in found.values():
        speed, ids = peer.play(IDS[:10], Sampling(), 9, takes=1, threads=1, seed=0)
        assert speed > 0 and ids.shape == (1, 9) and peer.version


def test_what_is_not_is_named(monkeypatch):
    for package, module in (("transformers", "transformers"), ("onnxruntime", "onnx"), ("gguf", "llama")):
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, f"model.peers.{module}", raising=False)
    assert peers.installed(made_up(), len(IDS)) == ({}, [
        "transformers is not installed; it comes with requirements-dev.txt.",
        "onnxruntime is not installed; it comes with requirements-dev.txt.",
        "gguf is not installed; it comes with requirements-peers.txt."])


@pytest.mark.parametrize("shape, sentence", [
    ({"width": 32}, "ONNX Runtime plays heads of a multiple of 16 numbers; received 8."),
    ({"inner": 40}, "llama.cpp has 8-bit matrices of a multiple of 32 columns; received 64 and 40."),
    ({"window": 39}, "llama.cpp knows no window: a prompt and its take have at most 39 tokens; received 40."),
])
def test_what_cannot_play_a_shape_says_why(shape, sentence):
    program = ("onnxruntime", "llama_cpp")[sentence.startswith("llama")]
    pytest.importorskip(program, reason=f"{program} is not installed (docs/engine.md, Peers)")
    assert sentence in peers.installed(made_up(**shape), len(IDS))[1]
