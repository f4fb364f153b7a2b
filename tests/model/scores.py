"""How tests of scores make music and MIDI files, and look at what is in them."""

import struct

import symusic
from hypothesis import strategies as st

from model.instruments import DRUMS
from model.metre import METRES, TPQ
from model.score import normalise

EOT = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x40"       # middle C for one quarter at 480 ticks


def track(*events: bytes, end: bytes = EOT) -> bytes:
    """A track chunk of events, each with its time before it."""
    body = b"".join(events) + end
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi(*tracks: bytes, form: int = 1, division: int = 480) -> bytes:
    """A MIDI file of track chunks."""
    return b"MThd" + struct.pack(">IHHH", 6, form, len(tracks), division) + b"".join(tracks)


def variable(value: int) -> bytes:
    """A number as MIDI writes a time."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def score_of(parts: dict[int, list[tuple[int, int, int, int]]], tempos=((0, 500_000),), metres=((0, 4, 4),)):
    """parts: program (128 = drums) -> (onset, duration, pitch, velocity) in ticks."""
    score = symusic.Score(TPQ)
    for program, notes in parts.items():
        part = symusic.Track("", program % DRUMS, program == DRUMS)
        for note in notes:
            part.notes.append(symusic.Note(*note))
        score.tracks.append(part)
    for tick, value in tempos:
        score.tempos.append(symusic.Tempo(tick, mspq=value))
    for metre in metres:
        score.time_signatures.append(symusic.TimeSignature(*metre))
    return normalise(score)


def notes_of(score) -> dict[int, list[tuple[int, int, int, int]]]:
    """What `score_of` takes."""
    return {DRUMS if part.is_drum else part.program:
            [(note.time, note.duration, note.pitch, note.velocity) for note in part.notes]
            for part in score.tracks}


def everything(score):
    """Notes, tempi (tick, microseconds a quarter) and metres."""
    return (notes_of(score), [(tempo.time, tempo.mspq) for tempo in score.tempos],
            [(sign.time, sign.numerator, sign.denominator) for sign in score.time_signatures])


def onsets(score) -> list[tuple[int, int, int, int]]:
    """(program, onset, pitch, velocity) of all notes."""
    return sorted((program, onset, pitch, velocity)
                  for program, notes in notes_of(score).items() for onset, _, pitch, velocity in notes)


def scale(bars: int, program: int = 0) -> symusic.Score:
    """Four quarters a bar, up and down the white keys."""
    white = [60, 62, 64, 65, 67, 69, 71, 72]
    return score_of({program: [(beat * TPQ, TPQ, white[beat % 8], 80) for beat in range(4 * bars)]})


programs = st.integers(0, DRUMS)
note = st.tuples(st.integers(0, 16 * TPQ), st.integers(1, 4 * TPQ), st.integers(0, 127), st.integers(1, 127))
metre_changes = st.lists(st.tuples(st.integers(1, 12), st.sampled_from(sorted(METRES))), max_size=3)


@st.composite
def scores(draw):
    """Canonical scores with several instruments, tempi and metres."""
    parts = draw(st.dictionaries(programs, st.lists(note, min_size=1, max_size=20), min_size=1, max_size=6))
    tempos = draw(st.lists(st.tuples(st.integers(0, 16 * TPQ), st.integers(150_000, 6_000_000)), max_size=4))
    metres, tick = [(0, *draw(st.sampled_from(sorted(METRES))))], 0
    for bars, metre in draw(metre_changes):
        tick += bars * METRES[metres[-1][1:]]
        metres.append((tick, *metre))
    return score_of(parts, tempos, metres)
