"""FluidSynth, a soundfont synthesizer, called through its C library. Knows no scores.

The library is the one inside the pygame-ce wheel, which needs no system package and is the same version on
every machine; else the system's. pygame itself is never imported.
Source: FluidSynth 2 API, https://www.fluidsynth.org/api/
"""

import ctypes
import ctypes.util
import threading
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Self

import numpy as np

SAMPLE_RATE = 44100
Event = tuple[int, int, int, int]           # frame, channel, key, velocity (0 releases the key)

_POINTER, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_PROTOTYPES = {
    "fluid_version_str": (_TEXT,),
    "fluid_set_log_function": (_POINTER, _INT, _POINTER, _POINTER),
    "new_fluid_settings": (_POINTER,),
    "fluid_settings_setint": (_INT, _POINTER, _TEXT, _INT),
    "fluid_settings_setnum": (_INT, _POINTER, _TEXT, ctypes.c_double),
    "delete_fluid_settings": (None, _POINTER),
    "new_fluid_synth": (_POINTER, _POINTER),
    "fluid_synth_sfload": (_INT, _POINTER, _TEXT, _INT),
    "fluid_synth_program_change": (_INT, _POINTER, _INT, _INT),
    "fluid_synth_cc": (_INT, _POINTER, _INT, _INT, _INT),
    "fluid_synth_noteon": (_INT, _POINTER, _INT, _INT, _INT),
    "fluid_synth_noteoff": (_INT, _POINTER, _INT, _INT),
    "fluid_synth_write_float": (_INT, _POINTER, _INT, _POINTER, _INT, _INT, _POINTER, _INT, _INT),
    "delete_fluid_synth": (None, _POINTER),
}
_STARTING = threading.Lock()                # the library sets itself up with the first synthesizer
_REVERB_SEND = 91                           # MIDI controller
_REVERB = 40                                # of 127: a small room


class SynthError(RuntimeError):
    """No synthesizer on this machine, or a soundfont that it cannot read. One sentence for people."""


@cache
def library(bundled: bool = True) -> ctypes.CDLL:
    """The C library with its prototypes declared. Raises SynthError where there is none."""
    for path in _candidates(bundled):
        try:
            found = ctypes.CDLL(path)
        except OSError:
            continue
        for name, (result, *arguments) in _PROTOTYPES.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
        for level in range(5):
            found.fluid_set_log_function(level, None, None)     # it would write to stderr
        return found
    raise SynthError("There is no synthesizer: install the Python package pygame-ce, or libfluidsynth.")


def _candidates(bundled: bool) -> Iterable[str]:
    if bundled:
        try:
            files = metadata.files("pygame-ce") or []
        except metadata.PackageNotFoundError:
            files = []
        yield from (str(file.locate()) for file in files if "fluidsynth" in file.name.lower())
    for name in ("fluidsynth", "libfluidsynth-3", "libfluidsynth"):
        if path := ctypes.util.find_library(name):
            yield path


def version(bundled: bool = True) -> str:
    return library(bundled).fluid_version_str().decode()


class Synth:
    """A synthesizer with a soundfont that goes on from where it was. Close it when done.

    frame: how many frames it has played. SynthError: the soundfont cannot be read.
    """

    def __init__(self, soundfont: Path, bundled: bool = True) -> None:
        self._lib = lib = library(bundled)
        with _STARTING:
            self._settings = settings = lib.new_fluid_settings()
            lib.fluid_settings_setnum(settings, b"synth.sample-rate", SAMPLE_RATE)
            lib.fluid_settings_setnum(settings, b"synth.gain", 0.3)
            lib.fluid_settings_setint(settings, b"synth.polyphony", 512)
            lib.fluid_settings_setint(settings, b"synth.threadsafe-api", 0)
            # open large fonts at once
            lib.fluid_settings_setint(settings, b"synth.dynamic-sample-loading", 1)
            self._synth = lib.new_fluid_synth(settings)
        self.frame = 0
        if lib.fluid_synth_sfload(self._synth, str(soundfont).encode(), 1) < 0:
            self.close()
            raise SynthError(f"The soundfont {soundfont.name} cannot be read.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def seat(self, channel: int, program: int) -> None:
        """Give a channel its General MIDI program; on channel 9 it is a drum kit."""
        self._lib.fluid_synth_program_change(self._synth, channel, program)
        self._lib.fluid_synth_cc(self._synth, channel, _REVERB_SEND, _REVERB)

    def play(self, events: Iterable[Event], until: int) -> np.ndarray:
        """Sound up to frame `until`: float32 (until - frame, 2), not limited to [-1, 1].

        events are in order of time; one that lies before `frame` comes at once.
        """
        samples, start = np.zeros((max(until - self.frame, 0), 2), np.float32), self.frame
        address = samples.ctypes.data

        def go(to: int) -> None:
            if self.frame < (to := min(to, until)):
                at = 2 * (self.frame - start)
                self._lib.fluid_synth_write_float(
                    self._synth, to - self.frame, address, at, 2, address, at + 1, 2)
                self.frame = to

        for frame, channel, key, velocity in events:
            go(frame)
            if velocity:
                self._lib.fluid_synth_noteon(self._synth, channel, key, velocity)
            else:
                self._lib.fluid_synth_noteoff(self._synth, channel, key)
        go(until)
        return samples

    def close(self) -> None:
        """Free its memory."""
        if self._synth:
            self._lib.delete_fluid_synth(self._synth)
            self._lib.delete_fluid_settings(self._settings)
            self._synth = None


def play(events: Iterable[Event], programs: dict[int, int], frames: int, soundfont: Path,
         bundled: bool = True) -> np.ndarray:
    """Sound of key events: float32 (frames, 2) at 44100 Hz, not limited to [-1, 1].

    events are in order of time; programs: channel -> General MIDI program; channel 9 plays drums. The same
    arguments give the same samples.
    """
    with Synth(soundfont, bundled) as synth:
        for channel, program in programs.items():
            synth.seat(channel, program)
        return synth.play(events, frames)
