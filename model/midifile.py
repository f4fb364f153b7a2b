"""Standard MIDI File bytes <-> plain events, in Python, so that no hostile byte reaches C++.

symusic's own reader reserves as much memory as a chunk claims to hold, reads past the end of short meta
events, and lets times overflow; this one trusts nothing that it has not counted. Knows nothing of scores.
Source: Standard MIDI Files 1.0, MIDI Manufacturers Association, 1996.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DRUM_CHANNEL = 9        # counted from 0; musicians call it channel 10


# channel * 128 + pitch -> onset, velocity, whether it was struck while it sounded
Sounding = dict[int, tuple[int, int, bool]]


class MidiError(ValueError):
    """The bytes are no usable MIDI file. The message is one sentence for people."""


@dataclass
class RawTrack:
    """Events of one MTrk chunk; ticks are absolute, in the file's own division.

    notes: (onset, end, pitch, velocity, channel from 0); programs: (tick, channel, program);
    tempos: (tick, microseconds a quarter); signatures: (tick, numerator, denominator).
    """

    notes: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    programs: list[tuple[int, int, int]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, int, int]] = field(default_factory=list)
    moves: int = 0                          # pedals pressed and pitches bent
    unclosed: int = 0                       # notes that never end


@dataclass
class RawFile:
    """format 0, 1 or 2; exactly one of ticks_per_quarter and ticks_per_second is set."""

    format: int
    ticks_per_quarter: int | None
    ticks_per_second: float | None
    tracks: list[RawTrack]


def parse(data: bytes) -> RawFile:
    """Every note, program, tempo and time signature of a file. Raises MidiError."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":       # Windows' wrapping of the same bytes
        data = data[20:]
    if data[:4] != b"MThd" or len(data) < 14:
        raise MidiError("This is not a MIDI file: it does not begin with a MIDI header.")
    length, form, _, division = struct.unpack(">IHHH", data[4:14])
    if length < 6 or form > 2:
        raise MidiError(f"This is not a MIDI file of type 0, 1 or 2 (type {form}); its header is damaged.")
    per_quarter, per_second = (division, None) if division < 0x8000 else (None, _smpte(division))
    if not division or per_second == 0:
        raise MidiError("The MIDI header is damaged: it gives no time unit.")
    tracks, at = [], 8 + length
    while at + 8 <= len(data):
        kind, length = data[at:at + 4], int.from_bytes(data[at + 4:at + 8])
        at += 8
        if kind == b"MTrk":
            tracks.append(_track(data[at:at + length], len(tracks) + 1, cut_short=at + length > len(data)))
        at += length
    return RawFile(form, per_quarter, per_second, tracks)


def _smpte(division: int) -> float:
    frames, ticks = 256 - (division >> 8), division & 0xFF
    return (30 / 1.001 if frames == 29 else frames) * ticks


def _track(data: bytes, number: int, cut_short: bool) -> RawTrack:
    track = RawTrack()
    try:
        ended = _events(data, track)
    except IndexError:
        raise MidiError(f"The MIDI file is cut short: it ends inside an event of track {number}.") from None
    except MidiError as error:
        raise MidiError(f"The MIDI file is damaged: track {number} has {error}.") from None
    if cut_short and not ended:
        raise MidiError(f"The MIDI file is cut short: track {number} has no end.")
    return track


def _events(data: bytes, track: RawTrack) -> bool:
    """Reads one chunk into track; whether an end-of-track event was met. IndexError: the data stop early."""
    at = tick = status = 0
    sounding: Sounding = {}
    size = len(data)
    while at < size:
        byte = data[at]
        at += 1
        delta = byte & 0x7F
        if byte & 0x80:
            delta, at = _number(data, at - 1)
        tick += delta
        byte = data[at]
        if byte & 0x80:
            at += 1
            if byte == 0xFF:
                kind = data[at]
                length, at = _number(data, at + 1)
                if at + length > size:
                    raise IndexError
                if kind == 0x2F:
                    track.unclosed += len(sounding)
                    return True
                _meta(kind, data[at:at + length], tick, track)
                at += length
                continue
            if byte in (0xF0, 0xF7):
                length, at = _number(data, at)
                if at + length > size:
                    raise IndexError
                at += length
                continue
            if byte >= 0xF0:
                raise MidiError(f"a byte that no MIDI file may hold (0x{byte:02X})")
            status = byte
        elif not status:
            raise MidiError("data before its first event")
        first = data[at]
        kind = status & 0xF0
        if kind in (0xC0, 0xD0):
            at += 1
            if first & 0x80:
                raise MidiError("an event with impossible values")
            if kind == 0xC0:
                track.programs.append((tick, status & 0x0F, first))
            continue
        second = data[at + 1]
        at += 2
        if (first | second) & 0x80:
            raise MidiError("an event with impossible values")
        if kind <= 0x90:
            _key(sounding, track, tick, status & 0x0F, first, second if kind == 0x90 else 0)
        elif kind == 0xE0:
            track.moves += (second, first) != (0x40, 0)
        elif kind == 0xB0:
            track.moves += first == 64 and second >= 64
    track.unclosed += len(sounding)
    return False


def _key(sounding: Sounding, track: RawTrack, tick: int, channel: int, pitch: int, velocity: int) -> None:
    """A key is struck (velocity > 0) or released (0). Striking a sounding key ends its first note.

    Some programs write a new note before the end of the old one at the same tick; that end is the old one's.
    """
    key = channel << 7 | pitch
    struck = sounding.get(key)
    if struck is None:
        if velocity:
            sounding[key] = (tick, velocity, False)
        return
    onset, loud, again = struck
    if not velocity and again and tick == onset:
        sounding[key] = (onset, loud, False)
        return
    if velocity and tick == onset:                          # struck twice at once: one note
        sounding[key] = (onset, max(loud, velocity), again)
        return
    track.notes.append((onset, tick, pitch, loud, channel))
    if velocity:
        sounding[key] = (tick, velocity, True)
    else:
        del sounding[key]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity of at most four bytes, and where it ends."""
    value = 0
    for index in range(at, at + 4):
        byte = data[index]
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, index + 1
    raise MidiError("a number of more than four bytes")


def _meta(kind: int, payload: bytes, tick: int, track: RawTrack) -> None:
    if kind == 0x51 and len(payload) == 3:
        track.tempos.append((tick, int.from_bytes(payload)))
    elif kind == 0x58 and len(payload) >= 2 and payload[1] <= 7:
        track.signatures.append((tick, payload[0], 1 << payload[1]))


@dataclass(frozen=True)
class Part:
    """One instrument to be written: notes are (onset, end, pitch 0-127, velocity 1-127) in ticks."""

    name: str
    program: int
    drum: bool
    notes: Iterable[tuple[int, int, int, int]]


def dump(parts: Sequence[Part], ticks_per_quarter: int, tempos: Iterable[tuple[int, int]],
         signatures: Iterable[tuple[int, int, int]], texts: Iterable[str] = ()) -> bytes:
    """A type-1 file: a conductor track (texts, tempi, metres), then a track on its own channel for each part.

    tempos: (tick, microseconds a quarter); signatures: (tick, numerator, denominator). Raises ValueError for
    more than 15 parts beside the drums, as MIDI has 16 channels and keeps one for drums.
    """
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    melodic = sum(not part.drum for part in parts)
    if melodic > len(free):
        raise ValueError(f"A MIDI file holds at most {len(free)} instruments beside drums, not {melodic}.")
    conductor = [(0, _meta_bytes(0x01, text.encode())) for text in texts]
    conductor += [(tick, _meta_bytes(0x58, bytes((top, low.bit_length() - 1, 24, 8))))
                  for tick, top, low in signatures]
    conductor += [(tick, _meta_bytes(0x51, value.to_bytes(3))) for tick, value in tempos]
    chunks = [_chunk(conductor)]
    for part in parts:
        channel = DRUM_CHANNEL if part.drum else free.pop(0)
        events = [(0, _meta_bytes(0x03, part.name.encode())), (0, bytes((0xC0 | channel, part.program)))]
        for onset, end, pitch, velocity in part.notes:
            events.append((onset, bytes((0x90 | channel, pitch, velocity))))
            events.append((end, bytes((0x80 | channel, pitch, 0))))
        chunks.append(_chunk(events))
    return struct.pack(">4sIHHH", b"MThd", 6, 1, len(chunks), ticks_per_quarter) + b"".join(chunks)


def _chunk(events: list[tuple[int, bytes]]) -> bytes:
    # At one tick, keys are released (0x8n) before they are struck (0x9n), so that no repeated note is lost.
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))
    out, last = bytearray(), 0
    for tick, event in events:
        out += _variable(tick - last) + event
        last = tick
    out += b"\x00\xff\x2f\x00"
    return struct.pack(">4sI", b"MTrk", len(out)) + bytes(out)


def _meta_bytes(kind: int, payload: bytes) -> bytes:
    return bytes((0xFF, kind)) + _variable(len(payload)) + payload


def _variable(value: int) -> bytes:
    if value > 0x0FFFFFFF:
        raise ValueError(f"A time step in a MIDI file is at most {0x0FFFFFFF} ticks; {value} was given.")
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
