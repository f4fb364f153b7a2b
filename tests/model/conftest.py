"""What the tests of the model share: made-up music, a folder of it, arrays and a tiny network a layout."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from symusic import Note, Score, Tempo, TimeSignature, Track

from model import checkpoint
from model.compound import Compound, events
from model.dataset import Preparation, prepare
from model.metre import METRES
from model.networks import build
from model.remi import Remi
from model.remi.tokenizer import Tokenizer
from model.score import write

PROGRAMS = (0, 40, 128)         # of all made-up music; 128 for drums


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two threads on two busy cores wait for each other; a tiny network needs one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def music() -> Callable[..., Score]:
    """music(bars, metre, seed, programs, tempo, notes): at most `notes` onsets a bar and program, one of them
    on its first beat, all of them and their lengths in sixteenths."""

    def make(bars=8, metre=(4, 4), seed=0, programs=PROGRAMS, tempo=120.0, notes=5) -> Score:
        rng = np.random.default_rng([seed, bars])
        score = Score(480)
        score.tempos.append(Tempo(0, tempo))
        score.time_signatures.append(TimeSignature(0, *metre))
        length = METRES[metre]
        for program in programs:
            track = Track("", program % 128, program == 128)
            scale = 60 + np.array([0, 2, 4, 5, 7, 9, 11]) + int(rng.integers(-12, 8))
            for bar in range(bars):
                for onset in {0, *rng.integers(0, length // 120, notes - 1).tolist()}:
                    begin, lasts = bar * length + onset * 120, int(rng.integers(1, 4)) * 120
                    track.notes.append(Note(begin, min(lasts, bars * length - begin), int(rng.choice(scale)),
                                            int(rng.integers(50, 100))))
            score.tracks.append(track)
        return score

    return make


@pytest.fixture(scope="session")
def midi_folder(music, tmp_path_factory) -> Path:
    """30 pieces of 4/4 in two data sets, half of them in two sections; a waltz; a file that is no music."""
    folder = tmp_path_factory.mktemp("music")
    for piece in range(30):
        for section in range(1 + piece % 2):
            path = folder / ("songs" if piece < 20 else "dances") / f"{piece:02}_s{section}.mid"
            path.parent.mkdir(exist_ok=True)
            write(music(bars=12, seed=100 * piece + section), path)
    write(music(bars=8, metre=(3, 4), seed=7), folder / "dances" / "waltz.mid")
    (folder / "broken.mid").write_bytes(b"MThd, but no more")
    return folder


@pytest.fixture(scope="session")
def prepared(midi_folder, tmp_path_factory) -> Path:
    """A prepared folder of it, in 800 byte-pair tokens."""
    out = tmp_path_factory.mktemp("prepared")
    prepare(midi_folder, out, Preparation(layout="segue", vocabulary=800, seed=1))
    return out


@pytest.fixture(scope="session")
def prepared_events(midi_folder, tmp_path_factory) -> Path:
    """A prepared folder of it, one row a note."""
    out = tmp_path_factory.mktemp("prepared")
    prepare(midi_folder, out, Preparation(layout="events", seed=1))
    return out


def likely(tokenizer: Tokenizer) -> list[float]:
    """How likely the tiny network finds each token, in nats: bars of some notes, PROGRAMS, a steady tempo."""
    known = {"Program_-1", *(f"Program_{program}" for program in PROGRAMS)}

    def strange(token: str) -> bool:
        return token.startswith(("Tempo", "Chord", "EOS")) or ("Program" in token and token not in known)

    usable = [base for base in tokenizer.base if base and not any(map(strange, base))]
    kinds = Counter(base[0].split("_")[0] for base in usable)
    shares = {"Bar": 1, "Position": 6, "Program": 6}
    found = {base: shares.get(kind := base[0].split("_")[0], 1) / kinds[kind] for base in usable}
    return [math.log(found.get(base, 1e-5)) for base in tokenizer.base]


@pytest.fixture(scope="session")
def tiny(prepared, tmp_path_factory) -> Path:
    """A checkpoint folder with a tiny network of random weights that ends its bars before long."""
    tokenizer = Tokenizer.load(prepared / "tokenizer.json")
    network = build("transformer", {"vocabulary": tokenizer.size, "width": 32, "layers": 2, "inner": 48,
                                    "heads": 4, "kv_heads": 2, "window": 96})
    loudly(network)
    with torch.no_grad():
        # One channel is the same for every token and large, so that it carries a bias.
        network.embedding.weight[:, 0] = 3.0
        network.head.weight[:, 0] = torch.tensor(likely(tokenizer)) / 5
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    checkpoint.save(folder, Remi(tokenizer), network, {"steps": 0})
    return folder


def loudly(network: torch.nn.Module) -> None:
    """Random weights, larger than a network begins with: what was played decides what comes."""
    network.initialise(torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 2:
                parameter *= 8


@pytest.fixture(scope="session")
def tiny_events(tmp_path_factory) -> Path:
    """The same for the compound layout: eighths and quarters by PROGRAMS, in the middle of the piano."""
    network = build("compound", {"width": 32, "layers": 2, "inner": 48, "heads": 4, "kv_heads": 2,
                                 "window": 96, "drawing": 32})
    loudly(network)
    shares = {events.TIME: {0: 4, 3: 1, 6: 3, 12: 3, 24: 1},
              events.INSTRUMENT: {events.instrument_of(program): 1 for program in PROGRAMS},
              events.PITCH: dict.fromkeys(range(48, 85), 1)}
    with torch.no_grad():
        for embedding in [*network.embeddings, *network.drawn, network.place]:
            embedding.weight[:, 0] = 0.0
        network.embeddings[events.TIME].weight[:, 0] = 3.0
        for field, wanted in shares.items():
            of = [math.log(wanted.get(value, 1e-6) / sum(wanted.values()))
                  for value in range(events.CLASSES[events.FIELDS[field]])]
            network.draw[field].out.weight[:, 0] = torch.tensor(of) / 3
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-events"
    checkpoint.save(folder, Compound(), network, {"steps": 0})
    return folder
