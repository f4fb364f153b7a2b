"""One loudness for every clip: gain and a transparent limiter, by ITU-R BS.1770. Knows only samples.

Samples are float32 (frames, 2) at 44100 Hz.
"""

import math

import numpy as np
import pyloudnorm
from scipy.ndimage import minimum_filter1d, uniform_filter1d
from scipy.signal import resample_poly

from model.fluidsynth import SAMPLE_RATE

CEILING = 10 ** (-1 / 20)                   # true peak of -1 dBTP: lossy codecs overshoot a little
_SHORTEST = round(0.4 * SAMPLE_RATE)        # BS.1770 measures in blocks of 400 ms
_WINDOW = 2 * round(0.0025 * SAMPLE_RATE) + 1       # the limiter's gain moves within 5 ms
_BLOCK = 10 * SAMPLE_RATE
_TOLERANCE = 0.01                           # LU
_ROUNDS = 24


def measure(samples: np.ndarray) -> float:
    """Integrated loudness in LUFS; -inf for silence. Less than 400 ms count as if followed by silence."""
    if len(samples) < _SHORTEST:
        samples = np.pad(samples, ((0, _SHORTEST - len(samples)), (0, 0)))
    if not samples.any():
        return -math.inf
    with np.errstate(divide="ignore"):
        return float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.astype(np.float64)))


def match(samples: np.ndarray, lufs: float) -> tuple[np.ndarray, float]:
    """The samples at a loudness, true peaks at most -1 dBTP; and the loudness reached, -inf for silence."""
    factors, reached = gain(samples, lufs)
    return samples * factors[:, None], reached


def gain(samples: np.ndarray, lufs: float) -> tuple[np.ndarray, float]:
    """What brings samples to a loudness: float32 factors, (frames,) or (1,); and the loudness reached.

    Where one factor would pass the ceiling, a look-ahead limiter lowers the peaks and the gain is raised
    until the loudness is met. Music too sparse for that (a lone click) stays as loud as the ceiling allows.
    """
    loudness = measure(samples)
    if not math.isfinite(loudness):         # below BS.1770's gate of -70 LUFS: a synthesizer's noise floor
        return np.zeros(1, np.float32), loudness
    peaks, level = true_peaks(samples), 10 ** ((lufs - loudness) / 20)
    reached = -math.inf
    for _ in range(_ROUNDS):
        factors = (level * _limit(peaks * level)).astype(np.float32)
        before, reached = reached, measure(samples * factors[:, None])
        if abs(lufs - reached) < _TOLERANCE or (before < lufs and reached - before < _TOLERANCE / 10):
            break
        level *= 10 ** ((lufs - reached) / 20)
    return factors, reached


def held(samples: np.ndarray) -> np.ndarray:
    """The samples with their true peaks held at -1 dBTP, and otherwise as loud as they are."""
    if np.abs(samples).max(initial=0) < CEILING / 2:        # no true peak is 6 dB above the samples beside it
        return samples
    return samples * _limit(true_peaks(samples))[:, None].astype(np.float32)


def true_peaks(samples: np.ndarray) -> np.ndarray:
    """Largest magnitude at and just after each sample, of both channels, at 4 times the rate: (frames,)."""
    peaks = np.zeros(len(samples), np.float32)
    margin = 64                             # the resampling filter reaches over the edges of a block
    for start in range(0, len(samples), _BLOCK):
        low, stop = max(start - margin, 0), min(start + _BLOCK, len(samples))
        for channel in samples[low:stop + margin].T:
            finer = np.abs(resample_poly(np.ascontiguousarray(channel), 4, 1))
            for phase in range(4):
                np.maximum(peaks[start:stop], finer[phase::4][start - low:stop - low], out=peaks[start:stop])
    return peaks


def _limit(peaks: np.ndarray) -> np.ndarray:
    """The gain (frames,) that holds true peaks at the ceiling, smooth, and down before each peak arrives."""
    if not len(peaks) or peaks.max() <= CEILING:
        return np.ones(1)
    needed = np.minimum(1.0, CEILING / np.maximum(peaks.astype(np.float64), CEILING))
    # The least gain within the window, then its mean over the window: never above what any sample needs.
    return uniform_filter1d(minimum_filter1d(needed, _WINDOW, mode="nearest"), _WINDOW, mode="nearest")
