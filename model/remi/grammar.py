"""Which token may follow: no decode can be undecodable, and time never runs backwards.

The grammar is REMI+'s: a bar has a time signature, then positions in rising order, at each of them an
optional tempo and then notes (program, optional chord, pitch, velocity, duration). Notes of one position rise
by program and pitch, drums first, as the tokenizer writes them: no key is struck twice at once, and a chord
comes to an end. Byte-pair tokens are sequences of base tokens; each is summed up once as what it needs, so
that the mask of a state is a few vectorised comparisons over the vocabulary.

Rest tokens are read in a prompt but never allowed next: under MidiTok 3.1 they make the place of later bars
depend on the longest note that still sounds, and every rest can be said by a position or a bar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from model.remi.tokenizer import POSITIONS_PER_BEAT, PUBLISHED, Tokenizer

_FOLLOW = {
    "Start": {"Bar"},
    "Bar": {"TimeSig"},
    "TimeSig": {"Position", "Bar", "EOS"},
    "Position": {"Tempo", "Program", "Drums"},
    "Tempo": {"Program", "Drums", "Position", "Bar", "EOS"},
    "Program": {"Pitch", "Chord"},
    "Chord": {"Chorded"},
    "Chorded": {"Pitch"},           # the program once more, after its chord
    "Drums": {"PitchDrum"},
    "Pitch": {"Velocity"},
    "PitchDrum": {"Velocity"},
    "Velocity": {"Duration"},
    "Duration": {"Program", "Drums", "Position", "Bar", "EOS"},
    "Rest": {"Position", "Bar", "EOS"},
    "EOS": set(),
    "Special": set(),
}
KINDS = tuple(_FOLLOW)
_KIND = {kind: i for i, kind in enumerate(KINDS)}
_MAY = np.array([[b in _FOLLOW[a] for b in KINDS] for a in KINDS])
LOWEST, HIGHEST = PUBLISHED["pitch_range"]    # MidiTok drops notes outside when it decodes, drums too
_KEYS = 128
_NONE = -1
_LATE = 10**6


@dataclass(frozen=True)
class State:
    """What decides the next token.

    kind: of the last base token. position: reached in the bar, in 1/12 of the time signature's beat, -1
    before the first. length: of the bar, in the same unit. bars: begun. program: of the last Program token,
    from 1; 0 for drums. note: program * 128 + pitch of the last note at this position, -1 before the first.
    """

    kind: int = _KIND["Start"]
    position: int = _NONE
    length: int = 4 * POSITIONS_PER_BEAT
    bars: int = 0
    program: int = 0
    note: int = _NONE


@dataclass
class _Needs:
    """What a token needs of the state before it; what it lacks leaves the needs open."""

    entry: int = _KIND["Special"]
    fits: bool = False              # legal in itself
    position: int = _LATE           # first position before a bar line: later than the state's
    highest: int = _NONE            # highest position before a time signature: inside the state's bar
    pitch: int = _LATE              # first pitch, of the state's program: above the state's note
    note: int = _LATE               # first note with a program of its own: above both


class Grammar:
    """The legal next tokens of one tokenizer's vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        needs = [_needs(tokens) for tokens in tokenizer.base]
        self._entry, self._fits, self._position, self._highest, self._pitch, self._note = (
            np.array([getattr(need, name) for need in needs]) for name in _Needs.__dataclass_fields__)
        # a program that was just named again after its chord begins as any program does
        self._chorded = np.where(self._entry == _KIND["Program"], _KIND["Chorded"], self._entry)
        self.moves = np.isin(self._entry, [_KIND["Position"], _KIND["Bar"]])
        self._judged = lru_cache(4096)(self._judge)

    def advance(self, state: State, token: int) -> State:
        """The state after a token id, legal or not (a prompt may hold rests)."""
        for base in self.tokenizer.base[token]:
            state = _step(state, base)
        return state

    def after(self, ids: np.ndarray) -> State:
        """The state after a whole prompt."""
        state = State()
        for token in ids:
            state = self.advance(state, int(token))
        return state

    def legal(self, ids: np.ndarray) -> bool:
        """Whether every token of a sequence, BOS apart, was allowed where it stands."""
        state = State()
        for token in ids:
            if not self.mask(state)[token]:
                return False
            state = self.advance(state, int(token))
        return True

    def mask(self, state: State) -> np.ndarray:
        """Bool (vocabulary,): which ids may come next. At least one always may, until EOS."""
        return self._judged(state)[0]

    def falls(self, state: State) -> np.ndarray:
        """Bool (vocabulary,): ids that may not come next only because their note does not rise."""
        return self._judged(state)[1]

    def _judge(self, state: State) -> tuple[np.ndarray, np.ndarray]:
        entry = self._chorded if state.kind == _KIND["Chord"] else self._entry
        fits = self._fits & (self._position > state.position) & (self._highest < state.length)
        in_time = fits & _MAY[state.kind, entry]
        pitch = state.program * _KEYS + self._pitch
        rises = (pitch > state.note) & (self._note > np.where(self._pitch == _LATE, state.note, pitch))
        return in_time & rises, in_time & ~rises


def kind_of(token: str, before: int | None = None) -> int:
    """Index into KINDS of a base token "Type_Value"; `before` is the kind of the one before it."""
    name, value = token.split("_", 1)
    if name == "Program":
        name = "Drums" if value == "-1" else "Chorded" if before == _KIND["Chord"] else name
    return _KIND.get(name, _KIND["Special"])


def _step(state: State, base: str) -> State:
    name, _, value = base.partition("_")
    kind = kind_of(base, state.kind)
    if KINDS[kind] == "Special":
        return state
    if name == "Bar":
        return replace(state, kind=kind, position=_NONE, bars=state.bars + 1, note=_NONE)
    if name == "TimeSig":
        return replace(state, kind=kind, length=int(value.split("/")[0]) * POSITIONS_PER_BEAT)
    if name == "Position":
        return replace(state, kind=kind, position=int(value), note=_NONE)
    if name == "Program":
        return replace(state, kind=kind, program=int(value) + 1)
    if name.startswith("Pitch"):
        return replace(state, kind=kind, note=state.program * _KEYS + int(value))
    return replace(state, kind=kind)


def _needs(tokens: tuple[str, ...]) -> _Needs:
    """Sum a token up; one that is illegal in itself does not fit."""
    need = _Needs()
    if not tokens:          # the byte-pair encoder's own mark of where a bar begins
        return need
    need.entry = kind_of(tokens[0])
    kind = length = program = note = None
    position, placed, barred = _NONE, False, False      # placed: past a position or bar line of its own
    for token in tokens:
        name, _, value = token.partition("_")
        before, kind = kind, kind_of(token, kind)
        if KINDS[kind] in ("Rest", "Special") or (before is not None and not _MAY[before, kind]):
            return need
        if name == "Bar":
            position, note, placed, barred = _NONE, None, True, True
        elif name == "TimeSig":
            length = int(value.split("/")[0]) * POSITIONS_PER_BEAT
        elif name == "Position":
            if int(value) <= position or (length is not None and int(value) >= length):
                return need
            if not barred and position == _NONE:
                need.position = int(value)
            if length is None:
                need.highest = max(need.highest, int(value))
            position, note, placed = int(value), None, True
        elif name == "Program":
            program = int(value) + 1
            if note is None and not placed:
                need.note = program * _KEYS + HIGHEST       # until its pitch is known: one is left
        elif name == "PitchDrum" and not LOWEST <= int(value) <= HIGHEST:
            return need
        elif name.startswith("Pitch") and program is None:
            need.pitch = int(value)
        elif name.startswith("Pitch"):
            now = program * _KEYS + int(value)
            if note is not None and now <= note:
                return need
            if note is None and not placed:
                need.note = now
            note = now
    need.fits = True
    return need
