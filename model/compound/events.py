"""What an event is: one row a note. The compound layout, after Hsiao et al. 2021 (Compound Word Transformer).

An event is a row of FIELDS:

time         since the last event, in 1/12 quarter, 0-191; a longer silence is several events
instrument   who plays: drums, one of 128 programs, or one of the SPECIAL kinds that are no notes
pitch        0-127; of a special event its value: a metre, a tempo, a style, a density, an instrument
duration     class of DURATIONS
velocity     class 0-31
position     of the event in its bar, in 1/12 quarter; follows from the times and the metre
bar          its bar's number, modulo BARS; likewise

A piece begins on a bar line with its header: a start (with the style of its data set, 0 where unknown), what
is wished for (a density, instruments), a metre and a tempo. Events rise by time, instrument and pitch. Times,
durations, velocities and tempi are as fine as the published tokenizer's, so that bits per note compare.

Needs no MIDI library; `transcription.py` turns scores into events and back.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from model.instruments import DRUMS
from model.metre import METRES, STEPS, TICKS

FIELDS = ("time", "instrument", "pitch", "duration", "velocity", "position", "bar")
TIME, INSTRUMENT, PITCH, DURATION, VELOCITY, POSITION, BAR = range(7)
PITCHES = 128
BARS = 16
LONGEST = 191                       # steps from one event to the next

START, END, WAIT, METRE, TEMPO, DENSITY, PLAYER, PAD = SPECIAL = range(8)
PLAYERS = len(SPECIAL)              # instrument PLAYERS: the drums; PLAYERS + 1 + p: program p
KIT = PLAYERS
HEADER = (START, DENSITY, PLAYER, PAD)      # what is given, never predicted

DURATIONS = np.r_[1:49, 51:145:3]   # steps: each one up to four quarters, then every 1/4 up to twelve
VELOCITIES = np.rint(np.arange(1, 33) * 127 / 32).astype(np.int64)
TEMPI = np.linspace(40, 250, 32)    # quarters a minute
DENSITIES = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64)    # notes a bar: a class begins at each
METRE_LIST = tuple(METRES)

CLASSES = {"time": LONGEST + 1, "instrument": PLAYERS + 129, "pitch": 129, "duration": len(DURATIONS),
           "velocity": len(VELOCITIES), "position": 6 * STEPS, "bar": BARS}

# What a listener would call the sources of the training music; 0 is kept for 'unknown'.
STYLES = ("unknown", "rock", "pop", "country", "hip-hop", "soul", "old web", "ballad", "song",
          "children's song", "classical piano", "Lied", "string quartet", "orchestra", "chorale", "folk tune",
          "game", "drums", "classical")
_STYLE_OF = {
    "umd_rock": "rock", "umd_pop": "pop", "umd_country": "country", "umd_rap_hip_hop": "hip-hop",
    "umd_rnb_soul": "soul", "umd_classic": "classical", "midiarchive": "old web", "pop909_score": "ballad",
    "tiny_karaoke": "song", "tegridy_children": "children's song", "pianocore_score": "classical piano",
    "asap_score": "classical piano", "openscore_lieder": "Lied", "openscore_quartets": "string quartet",
    "openscore_orchestra": "orchestra", "music21_bach": "chorale", "jsbach_net": "classical",
    "mutopia": "classical", "nottingham": "folk tune", "openmsx": "game", "vgmidi": "game",
    "pokemon_piano": "game", "groove_drums": "drums",
}


def style_of(dataset: str) -> int:
    """Index in STYLES of a data set; 0 for one that is not known."""
    return STYLES.index(_STYLE_OF.get(dataset, "unknown"))


def instrument_of(program: int) -> int:
    """The instrument class of a program (128: drums)."""
    return KIT if program == DRUMS else PLAYERS + 1 + program


def program_of(instrument: int) -> int:
    """The program (128: drums) of an instrument class that plays notes."""
    return DRUMS if instrument == KIT else instrument - PLAYERS - 1


def tempo_class(quarters_a_minute: float) -> int:
    return int(np.abs(TEMPI - quarters_a_minute).argmin())


def density_class(notes: int, bars: float) -> int:
    return int(np.searchsorted(DENSITIES, notes / max(bars, 1), side="right"))


def special(kind: int, value: int = 0) -> np.ndarray:
    """A header's row, uint8 (7,)."""
    return np.array([0, kind, value, 0, 0, 0, 0], np.uint8)


def header(metre: int, tempo: int, style: int = 0, density: int | None = None,
           players: Iterable[int] = ()) -> np.ndarray:
    """The rows that music begins with: classes of a metre and a tempo, and what is wished for."""
    rows = [special(START, style)]
    if density is not None:
        rows.append(special(DENSITY, density))
    rows += [special(PLAYER, player - PLAYERS) for player in sorted(set(players))]
    return np.stack([*rows, special(METRE, metre), special(TEMPO, tempo)])


def in_force(kind: int, events: np.ndarray) -> int:
    """The class of the metre or the tempo (`kind`) after events (n, 7) that begin with a header."""
    return int(events[events[:, INSTRUMENT] == kind][-1, PITCH])


def bar_steps(metre: int) -> int:
    """Steps a bar of a metre's class."""
    return METRES[METRE_LIST[metre]] // TICKS


def is_note(events: np.ndarray) -> np.ndarray:
    """Bool (...): which events (..., 7) are notes."""
    return events[..., INSTRUMENT] >= PLAYERS
