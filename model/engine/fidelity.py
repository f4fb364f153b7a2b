"""How near an engine comes to the network as it was taught, on music that people made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from model.compound import events as ev


def fidelity(engine: object, exact: object, stretches: Iterable[np.ndarray]) -> dict[str, float]:
    """Both engines are told what came before and asked what comes next.

    stretches: int64 (T, ...), steps as a layout's `spans` gives them; of events the notes are counted.

    Returns
    -------
    {"steps", "loss": nats a step with the engine, "loss_exact", "ratio": of the two, "kl_nats": the mean
    Kullback-Leibler divergence of a step's distribution from the exact one, all fields together}
    """
    losses, divergences = [], []
    for steps in stretches:
        mine, theirs = engine.cache(len(steps)), exact.cache(len(steps))
        for now, following in pairwise(steps):
            known, told = engine.read(now[None], mine), exact.read(now[None], theirs)
            if following.ndim and following[ev.INSTRUMENT] < ev.PLAYERS:
                continue
            pairs = zip(_fields(engine, known, following), _fields(exact, told, following), strict=True)
            loss = divergence = np.zeros(2)
            for (found, value), (truth, _) in pairs:
                loss = loss - [found[value], truth[value]]
                divergence = divergence + (np.exp(truth) * (truth - found)).sum()
            losses.append(loss)
            divergences.append(divergence[0])
    found, truth = np.mean(losses, axis=0).tolist()
    return {"steps": len(losses), "loss": found, "loss_exact": truth, "ratio": found / truth,
            "kl_nats": float(np.mean(divergences))}


def _fields(engine: object, known: np.ndarray, step: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Log probabilities and what really came, of a token, or of each drawn field of a note."""
    if not step.ndim:
        yield _log_softmax(known), int(step)
        return
    for field in range(ev.POSITION):
        yield _log_softmax(engine.logits(field, known)), int(step[field])
        if field < ev.VELOCITY:
            place = int(step[ev.POSITION]) if field == ev.TIME else None
            known = engine.fold(field, known, int(step[field]), place)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits.astype(np.float64))
