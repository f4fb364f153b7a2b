"""Continuations that no network made: what a good one has to be better than.

shuffled   the bars of the human continuation in random order: right in everything but the larger form.
markov     a first-order Markov chain over the note events of each instrument: plausible from note to note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from symusic import Score

from model.evaluation.passage import END, ONSET, PITCH, PROGRAM, VELOCITY, Passage, passage
from model.metre import TICKS, bar_lines
from model.music import Music, merge, pack, unpack
from model.score import cut_bars

PROMPT_SHARE = 0.5      # of the chain's steps that are drawn from what the prompt did
_KEY = 2**10            # steps an onset may wait in a state, above every pitch


def shuffled(continuation: Score, bars: int, rng: np.random.Generator) -> Score:
    """The first `bars` bars of a score in random order. A bar changes places with bars of its own length; its
    notes keep their lengths as far as the next note on their key."""
    music = unpack(cut_bars(continuation, 0, bars))
    lines = np.array(bar_lines(music.grid, bars))
    order = np.arange(bars)
    for length in np.unique(np.diff(lines)):
        same = np.flatnonzero(np.diff(lines) == length)
        order[same] = rng.permutation(same)
    parts = {}
    for program, notes in music.parts.items():
        bar = np.searchsorted(lines, notes[:, 0], side="right") - 1
        moved = lines[order[bar]] - lines[bar]
        parts[program] = notes + np.column_stack([moved, moved, 0 * moved, 0 * moved])
    return cut_bars(pack(Music(merge(parts), music.tempos, music.grid)), 0, bars)


class Chain:
    """Which note event follows which: a state is (steps since the instrument's last onset, pitch)."""

    def __init__(self, sequences: Iterable[np.ndarray]) -> None:
        """sequences: int64 (n, 4) of steps since the last onset, pitch, duration, velocity, one a melody."""
        long = [events for events in sequences if len(events) > 1]
        self.events = np.concatenate([np.zeros((0, 4), np.int64), *(events[1:] for events in long)])
        states = np.concatenate([np.zeros(0, np.int64), *(_state(events[:-1]) for events in long)])
        order = np.argsort(states, kind="stable")
        self.events, self._states = self.events[order], states[order]

    def after(self, event: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """One of the events that followed this state, as often as it did; None for an unknown state."""
        state = _state(event[None])[0]
        first, last = (int(np.searchsorted(self._states, state, side=side)) for side in ("left", "right"))
        return self.events[int(rng.integers(first, last))] if last > first else None


def _state(events: np.ndarray) -> np.ndarray:
    return np.minimum(events[:, 0], _KEY - 1) * 128 + events[:, 1]


def events(part: Passage, program: int) -> np.ndarray:
    """One instrument's notes as int64 (n, 4) of steps since its last onset, pitch, duration, velocity."""
    notes = part.notes[part.notes[:, PROGRAM] == program]
    waits = np.diff(notes[:, ONSET], prepend=notes[:1, ONSET])
    return np.column_stack([waits, notes[:, PITCH], notes[:, END] - notes[:, ONSET], notes[:, VELOCITY]])


def learn(parts: Sequence[Passage]) -> dict[int, Chain]:
    """A chain for every program (128: drums) that plays in training pieces."""
    programs = {int(program) for part in parts for program in np.unique(part.notes[:, PROGRAM])}
    return {program: Chain([events(part, program) for part in parts]) for program in programs}


def markov(prompt: Score, prompt_bars: int, bars: int, learnt: dict[int, Chain],
           rng: np.random.Generator) -> Score:
    """Each instrument of the prompt goes on for `bars` bars by a chain of its own.

    The next event (its wait, pitch, duration and velocity together) is drawn, with equal chances, from those
    that followed the present state in the prompt or in the training pieces of that program (linear
    interpolation, Jelinek and Mercer 1980); where one has never met the state, from the other; where neither
    has, from all events of the prompt. An instrument with one note in the prompt and no training falls
    silent.
    """
    part = passage(prompt, prompt_bars)
    music = unpack(prompt)
    lines = bar_lines(music.grid, prompt_bars + bars)
    begin, end = lines[prompt_bars] // TICKS, lines[-1] // TICKS
    parts = {}
    for program in np.unique(part.notes[:, PROGRAM]).tolist():
        own = events(part, program)
        here, there = Chain([own]), learnt.get(program)
        now = int(part.notes[part.notes[:, PROGRAM] == program][-1, ONSET])
        event, made = own[-1], []
        while now < end:
            event = _next(event, own, here, there, rng)
            if event is None:
                break
            now += int(event[0])
            if begin <= now < end:
                made.append((now - begin, now - begin + int(event[2]), int(event[1]), int(event[3])))
        if made:
            parts[program] = np.array(made, np.int64) * np.array([TICKS, TICKS, 1, 1])
    last = [change for change in music.grid if change[0] <= begin * TICKS][-1]
    score = pack(Music(merge(parts), [(0, music.tempos[-1][1])], [(0, *last[1:])]))
    return cut_bars(score, 0, bars)


def _next(event: np.ndarray, own: np.ndarray, here: Chain, there: Chain | None,
          rng: np.random.Generator) -> np.ndarray | None:
    chains = [here] if there is None else [here, there] if rng.random() < PROMPT_SHARE else [there, here]
    for chain in chains:
        if (found := chain.after(event, rng)) is not None:
            return found
    # An event that waits: otherwise a chord whose end is unknown might never end.
    waiting = own[own[:, 0] > 0]
    return waiting[int(rng.integers(len(waiting)))] if len(waiting) else None
