"""The clip of a sound check: a few notes to be counted, as loud as every clip of the study."""

from __future__ import annotations

from symusic import Note, Tempo, TimeSignature, Track

from model import Score

SECONDS = 6.0                       # however many notes there are
_TPQ, _LENGTH, _PITCH, _VELOCITY = 480, 240, 72, 90


def music(notes: int) -> Score:
    """So many short notes of a piano, one a second, after half a second."""
    score = Score(_TPQ)
    score.tempos.append(Tempo(0, qpm=60))
    score.time_signatures.append(TimeSignature(0, 4, 4))
    track = Track()
    track.notes.extend(Note(_TPQ // 2 + number * _TPQ, _LENGTH, _PITCH, _VELOCITY) for number in range(notes))
    score.tracks.append(track)
    return score
