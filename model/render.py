"""Score -> audio at one loudness, and audio -> files. The same score gives the same samples.

Every clip takes this path, whoever wrote it: FluidSynth, no controllers, one soundfont, one loudness.
"""

import io
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soundfile
from symusic import Score

from model import fluidsynth, loudness
from model.fluidsynth import SAMPLE_RATE, Event
from model.instruments import DRUMS
from model.midifile import DRUM_CHANNEL
from model.mp3 import without_traces
from model.music import fold, seconds_at, unpack
from model.ogg import with_serial
from model.score import MAX_INSTRUMENTS, ScoreError

MAX_SECONDS = 1200.0
TAIL_S = 3.0                                # how long the last notes may ring
RUNG = 10 ** (-50 / 20)                    # of the loudest sample; the ring is cut where it stays below
# Where Debian's packages of MuseScore's soundfont put it.
_SYSTEM_FONTS = ("sf3/MuseScore_General.sf3", "sf3/MuseScore_General_Lite.sf3", "sf2/MuseScore_General.sf2")
FORMATS = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "ogg": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.5},
    # A constant bit rate: the size of a file must not tell what is in it.
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT",
            "compression_level": 0.5},
}
_LAME_SCALE = 0.95                          # LAME plays its 160 kbit/s softer by this factor
_CHUNK = 1 << 16                            # frames a write; libsndfile's Vorbis overflows on long ones


@dataclass(frozen=True, eq=False)
class Audio:
    """Stereo sound. samples: float32 (frames, 2) within [-1, 1]; lufs: -inf for silence."""

    samples: np.ndarray
    sample_rate: int
    lufs: float
    renderer: str                           # "fluidsynth 2.5.7 + TimGM6mb.sf2"

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


def to_audio(score: Score, *, seconds: float | None = None, lufs: float = -20.0, fade_s: float = 0.02,
           soundfont: Path | None = None) -> Audio:
    """Plays a score. Raises ScoreError beyond 20 minutes, SynthError without synthesizer or soundfont.

    seconds: the clip has exactly round(seconds * 44100) frames, cut or filled with silence; None: it ends
    when the last notes have rung. fade_s: length of the fade at its end; a synthesizer starts from silence
    and needs none there. lufs: see ``loudness.match``.
    """
    font = soundfont or default_soundfont()
    samples = synthesise(score, seconds=seconds, fade_s=fade_s, soundfont=font)
    matched, reached = loudness.match(samples, lufs)
    return Audio(matched, SAMPLE_RATE, reached, f"fluidsynth {fluidsynth.version()} + {font.name}")


def synthesise(score: Score, *, seconds: float | None = None, fade_s: float = 0.02,
               soundfont: Path | None = None, programs: Collection[int] | None = None) -> np.ndarray:
    """What the synthesizer plays, before its loudness is matched: float32 (frames, 2), not within [-1, 1].

    The arguments of ``to_audio``, and its errors; programs: the only instruments that are heard (128: drums).
    """
    music = unpack(score)
    chosen = {program: notes for program, notes in music.parts.items()
              if programs is None or program in programs}
    parts = fold(chosen, MAX_INSTRUMENTS)
    length = float(seconds_at(music.tempos, [music.end()])[0]) if seconds is None else seconds
    if not 0 <= length <= MAX_SECONDS:
        raise ScoreError(f"Sound is made of at most {MAX_SECONDS / 60:g} minutes of music; "
                         f"{length / 60:.1f} minutes were asked for.")
    frames = round((length + (TAIL_S if seconds is None and parts else 0)) * SAMPLE_RATE)
    channels = seats(parts)
    programs = {channel: program % DRUMS for program, channel in channels.items()}
    events = key_events(parts, music.tempos, channels)
    samples = fluidsynth.play(events, programs, frames, soundfont or default_soundfont())
    if seconds is None:
        samples = samples[:_end_of_sound(samples, round(length * SAMPLE_RATE))]
    _fade_out(samples, fade_s)
    return samples


def default_soundfont() -> Path:
    """SEGUE_SOUNDFONT, else MuseScore's if the system has it, else the one inside pretty_midi."""
    if named := os.environ.get("SEGUE_SOUNDFONT"):
        if not Path(named).is_file():
            raise fluidsynth.SynthError(f"SEGUE_SOUNDFONT names a soundfont file; there is none at {named}.")
        return Path(named)
    for font in _SYSTEM_FONTS:
        if (path := Path("/usr/share/sounds") / font).is_file():
            return path
    return Path(find_spec("pretty_midi").origin).with_name("TimGM6mb.sf2")      # found without importing it


def seats(programs: Iterable[int], taken: Mapping[int, int] | None = None) -> dict[int, int]:
    """Program -> MIDI channel: those that are taken, then the free ones in order of program.

    Where none is left, a program sits with the nearest number.
    """
    found = dict(taken or {})
    for program in sorted(set(programs) - found.keys()):
        free = [channel for channel in range(16) if channel not in {DRUM_CHANNEL, *found.values()}]
        if program == DRUMS:
            found[program] = DRUM_CHANNEL
        elif free:
            found[program] = free[0]
        else:
            found[program] = found[min(found.keys() - {DRUMS}, key=lambda other: abs(other - program))]
    return found


def key_events(parts: dict[int, np.ndarray], tempos: list, channels: Mapping[int, int]) -> list[Event]:
    """(frame, channel, key, velocity) in order, releases before strikes."""
    events = []
    for program, notes in sorted(parts.items()):
        channel = channels[program]
        ends = np.rint(seconds_at(tempos, notes[:, :2]) * SAMPLE_RATE).astype(int)
        for (on, off), (key, velocity) in zip(ends.tolist(), notes[:, 2:].tolist(), strict=True):
            events.append((on, channel, key, velocity))
            events.append((off, channel, key, 0))
    events.sort(key=lambda event: (event[0], event[3] > 0))
    return events


def _end_of_sound(samples: np.ndarray, least: int) -> int:
    levels = np.maximum(np.abs(samples[:, 0]), np.abs(samples[:, 1]))
    loud = np.flatnonzero(levels > RUNG * levels.max(initial=0))
    return max(least, int(loud[-1]) + 1 if len(loud) else 0)


def _fade_out(samples: np.ndarray, fade_s: float) -> None:
    """Fades the end in place, along half a cosine."""
    frames = min(round(fade_s * SAMPLE_RATE), len(samples))
    if frames > 0:
        ramp = 0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
        samples[-frames:] *= ramp.astype(np.float32)[:, None]


def encode(audio: Audio, kind: str) -> bytes:
    """The bytes of a file without any tag; kind is wav, flac, ogg or mp3. Raises ValueError for another."""
    kind = kind.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"Sound is written as {', '.join(FORMATS)}, not as {kind!r}.")
    samples = audio.samples / np.float32(_LAME_SCALE) if kind == "mp3" else audio.samples
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", audio.sample_rate, channels=2, **FORMATS[kind]) as file:
        for start in range(0, len(samples), _CHUNK):
            file.write(samples[start:start + _CHUNK])
    tidied = {"ogg": with_serial, "mp3": without_traces}.get(kind, bytes)
    return tidied(buffer.getvalue())


def save(audio: Audio, path: Path | str) -> Path:
    """Writes a file in the format of its suffix, whole or not at all. ValueError for an unknown suffix."""
    path = Path(path)
    data = encode(audio, path.suffix)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, path)
    return path
