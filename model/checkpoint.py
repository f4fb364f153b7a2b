"""A checkpoint: a folder of weights.safetensors, config.json, tokenizer.json and MODEL_CARD.md.

Nothing is unpickled. config.json names the network and its shape, and keeps the recipe and what training
measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from model import layouts
from model.layouts import Layout
from model.networks import build

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "segue-base"
FILES = ("config.json", "tokenizer.json", "weights.safetensors")


class CheckpointError(ValueError):
    """A checkpoint that is missing, incomplete or not what its config says. One sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """What is read from a checkpoint folder; `network` is in evaluation mode, in float32."""

    name: str
    folder: Path
    network: nn.Module
    layout: Layout
    config: dict
    sha256: str


def names() -> list[str]:
    """The checkpoints that ship, the default first."""
    found = sorted(p.parent.name for p in WEIGHTS.glob("*/config.json"))
    return sorted(found, key=lambda name: name != DEFAULT)


def folder_of(name: str | Path | None) -> Path:
    """The folder of a checkpoint, by the name of one that ships (None: the default) or by path, if whole."""
    shipped = WEIGHTS / (name or DEFAULT)
    folder = shipped if shipped.is_dir() else Path(name or DEFAULT)
    if not folder.is_dir():
        known = ", ".join(names()) or "none"
        raise CheckpointError(f"A checkpoint is one that ships ({known}) or a folder; "
                              f"received '{name or DEFAULT}'.")
    for file in FILES:
        if not (folder / file).is_file():
            raise CheckpointError(f"A checkpoint holds {file}; {folder.name} does not.")
    return folder


def sha256(folder: Path) -> str:
    """SHA-256 of the weights file, in hexadecimal."""
    with open(folder / "weights.safetensors", "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def controls(folder: Path) -> frozenset[str]:
    """The wishes that a checkpoint's evaluation.json shows to be obeyed; none where it has none."""
    path = folder / "evaluation.json"
    if not path.is_file():
        return frozenset()
    measured = json.loads(path.read_text(encoding="utf-8")).get("controls") or {}
    return frozenset(name for name, result in measured.items() if result["obeyed"])


def load_layout(folder: Path) -> Layout:
    """A checkpoint's layout alone. CheckpointError when its file is damaged."""
    try:
        return layouts.load(folder)
    except Exception as error:      # MidiTok and its tokenizers raise whatever comes
        raise CheckpointError(f"The tokenizer.json of {folder.name} cannot be read.") from error


def load(name: str | Path | None = None) -> Checkpoint:
    """Read a checkpoint by name or folder. CheckpointError: a file is missing, damaged, or does not fit."""
    folder = folder_of(name)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        network = build(config["network"], config["shape"])
    except KeyError as error:
        raise CheckpointError(f"A config.json has {error}; that of {folder.name} has not.") from error
    except (ValueError, TypeError) as error:
        why = str(error).removesuffix(".")
        raise CheckpointError(f"The config.json of {folder.name} cannot be used: {why}.") from error
    try:
        state = {key: tensor.float() for key, tensor in load_file(folder / "weights.safetensors").items()}
    except SafetensorError as error:
        raise CheckpointError(f"The weights.safetensors of {folder.name} is damaged: {error}.") from error
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"The weights of {folder.name} do not fit its config.json.") from error
    layout = load_layout(folder)
    wrong = {key: value for key, value in layout.shape.items() if getattr(network.config, key, None) != value}
    if layout.network != config["network"] or wrong:
        raise CheckpointError(f"Network and layout belong together; those of {folder.name} do not fit: "
                              f"{config['network']} {wrong or ''}".rstrip() + ".")
    return Checkpoint(folder.name, folder, network.eval(), layout, config, sha256(folder))


def save(folder: Path, layout: Layout, network: nn.Module, facts: dict) -> str:
    """Write a checkpoint in bfloat16 and return the SHA-256 of its weights. `facts` is kept in config.json.

    The model card is written by `card.write_card`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: tensor.detach().to(torch.bfloat16) for key, tensor in network.state_dict().items()}
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, folder / "weights.safetensors")
    layout.save(folder / "tokenizer.json")
    config = {"network": layout.network, "shape": asdict(network.config), **facts}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return sha256(folder)
