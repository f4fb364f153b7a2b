"""What else plays the same weights: transformers, ONNX Runtime, llama.cpp. For measuring (docs/engine.md)."""

from __future__ import annotations

from importlib import import_module

from model.networks.transformer import Transformer
from model.peers.peer import Peer

# Where they come from.
_MODULES = {"transformers": "requirements-dev.txt", "onnx": "requirements-dev.txt",
            "llama": "requirements-peers.txt"}


def installed(network: Transformer, positions: int) -> tuple[dict[str, Peer], list[str]]:
    """Those that are installed and can play so many positions of a network, by name; and a sentence for each
    that is not, or cannot."""
    found: dict[str, Peer] = {}
    missing = []
    for name, requirements in _MODULES.items():
        try:
            module = import_module(f"model.peers.{name}")
            found |= {peer.name: peer for peer in module.peers(network, positions)}
        except ModuleNotFoundError as error:
            missing.append(f"{error.name} is not installed; it comes with {requirements}.")
        except ValueError as error:
            missing.append(str(error))
    return found, missing
