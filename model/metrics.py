"""What can be measured without listeners: faults of a take, bits per note of a network."""

from __future__ import annotations

import math
from itertools import groupby, pairwise

import numpy as np
import torch
from symusic import Score
from torch import nn

from model.layouts import Layout
from model.metre import bar_lines
from model.music import unpack

SILENT_BARS = 4
SAME_BARS = 8


def bar_contents(score: Score, bars: int) -> list[frozenset[tuple[int, int, int]]]:
    """For each of the first `bars` bars the set of (ticks into the bar, program, pitch) of its onsets."""
    music = unpack(score)
    lines = np.array(bar_lines(music.grid, bars))
    contents: list[set] = [set() for _ in range(bars)]
    for program, notes in music.parts.items():
        at = np.searchsorted(lines, notes[:, 0], side="right") - 1
        for bar, onset, pitch in zip(at, notes[:, 0], notes[:, 2], strict=True):
            if 0 <= bar < bars:
                contents[bar].add((int(onset - lines[bar]), program, int(pitch)))
    return [frozenset(content) for content in contents]


def sounding(score: Score, bars: int) -> np.ndarray:
    """Bool (bars,): in which of the first `bars` bars anything sounds, begun there or held over."""
    music = unpack(score)
    lines = np.array(bar_lines(music.grid, bars))
    notes = music.notes()
    return np.array([((notes[:, 0] < stop) & (notes[:, 1] > start)).any() for start, stop in pairwise(lines)],
                    dtype=bool)


def faults(continuation: Score, bars: int) -> tuple[str, ...]:
    """Names of what is wrong with a continuation that should fill `bars` bars.

    empty: silent for more than 4 bars in a row, or throughout. stuck: more than 8 bars in a row are the same.
    """
    found = []
    heard = sounding(continuation, bars)
    silences = [len(list(group)) for sounds, group in groupby(heard) if not sounds]
    if not heard.any() or max(silences, default=0) > SILENT_BARS:
        found.append("empty")
    runs = [len(list(group)) for content, group in groupby(bar_contents(continuation, bars)) if content]
    if max(runs, default=0) > SAME_BARS:
        found.append("stuck")
    return tuple(found)


@torch.inference_mode()
def losses(network: nn.Module, layout: Layout, piece: np.ndarray, length: int, batch: int = 8) -> np.ndarray:
    """Nats of every step of a piece but the first, by field: float32 array (len(piece) - 1, fields).

    The network sees stretches of `length` steps that do not overlap, so the first steps of each are predicted
    from little context: an upper bound.
    """
    found: list[np.ndarray] = []
    spans = list(layout.spans(piece, length))
    for _, group in groupby(spans, key=lambda span: len(span[0])):
        same = list(group)
        for start in range(0, len(same), batch):
            some = same[start : start + batch]
            nats = network.nats(torch.from_numpy(np.stack([steps for steps, _ in some]))).numpy()
            found += [row[len(row) - new :] for row, (_, new) in zip(nats, some, strict=True)]
    return np.concatenate(found)


def bits_per_note(nats: np.ndarray, notes: int) -> float:
    """All nats, in bits, over the notes that their steps stand for: comparable across layouts."""
    return float(nats.sum() / math.log(2) / max(notes, 1))
