"""Excerpts of music21's corpus as scores. music21 is slow to import, so that happens only on conversion.

Repeats are not played, grace notes are left out, ties are merged; dynamic marks become velocities.
"""

import io
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from symusic import Score

from model.metre import TPQ, align
from model.music import Music, merge, pack, tempi
from model.score import ScoreError

VERSION = 1             # of the conversion; a change makes cached scores stale
PERMISSION = "encoder's permission (music21 corpus)"
_VELOCITIES = {"ppp": 36, "pp": 46, "p": 58, "mp": 68, "mf": 78, "f": 92, "ff": 106, "fff": 118}
_PLAIN = 78             # where nothing is marked


@dataclass(frozen=True)
class Excerpt:
    """The first measures of a work in music21's corpus, and what the page says about them.

    file: below music21/corpus; measures: how many from the start, as written (an upbeat counts as one),
    after ``skip``; bars: how many bars of the converted score they make; tempo: quarters a minute; programs:
    General MIDI, one a part in the order of the file, the last one for all further parts; tune: its number in
    a file of tunes, 0 where the tunes of a file are the voices of one piece.
    """

    file: str
    title: str
    composer: str
    ensemble: str
    tempo: int
    programs: tuple[int, ...]
    measures: int
    bars: int
    skip: int = 0
    tune: int = 0
    licence: str = PERMISSION
    in_training: bool = False


def convert(excerpt: Excerpt) -> Score:
    """The score of an excerpt. Raises ScoreError if music21 lacks the file or cannot read it."""
    path = _folder() / excerpt.file
    try:
        parts, metres, begin, end, upbeat = _measured(_parse(path, excerpt), excerpt)
    except (OSError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise ScoreError(f"music21's {excerpt.file} cannot be read: {error}.") from None
    notes: list[dict[int, np.ndarray]] = []
    for index, part in enumerate(parts):
        rows = [(onset - begin + upbeat, min(stop, end) - begin + upbeat, pitch, velocity)
                for onset, stop, pitch, velocity in _notes(part) if begin <= onset < end]
        if rows:
            table = np.array(rows)
            table[:, :2] = np.rint(table[:, :2] * TPQ)
            notes.append({excerpt.programs[min(index, len(excerpt.programs) - 1)]: table.astype(np.int64)})
    if not notes:
        raise ScoreError(f"music21's {excerpt.file} holds no notes in measures "
                         f"{excerpt.skip + 1} to {excerpt.skip + excerpt.measures}.")
    grid, _ = align((round((onset - begin + (upbeat if onset > begin else 0)) * TPQ), top, low)
                    for onset, top, low in metres)
    return pack(Music(merge(*notes), tempi([(0, round(60e6 / excerpt.tempo))])[0], grid))


def _folder() -> Path:
    found = find_spec("music21")
    if found is None or found.origin is None:
        raise ScoreError("The human music comes from the Python package music21, which is not installed.")
    return Path(found.origin).parent / "corpus"


def _parse(path: Path, excerpt: Excerpt):
    """The music21 stream. No pickle of music21's is read or left on disk."""
    from music21 import converter, stream
    if path.suffix in (".mxl", ".xml", ".musicxml"):
        text = _first_measures(path, excerpt.skip + excerpt.measures)
        parsed = converter.parseData(text, format="musicxml")
    else:
        parsed = converter.parse(path, forceSource=True, storePickle=False)
    if isinstance(parsed, stream.Opus):
        parsed = parsed.getScoreByNumber(excerpt.tune) if excerpt.tune else parsed.mergeScores()
    return parsed


def _first_measures(path: Path, count: int) -> str:
    """A MusicXML text without the measures that nobody wants: music21 takes half a minute for a quartet."""
    data = path.read_bytes()
    if path.suffix == ".mxl":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            [name, *_] = [name for name in archive.namelist()
                          if name.endswith(("xml", "musicxml")) and not name.startswith("META-INF")]
            data = archive.read(name)
    root = ElementTree.fromstring(data)
    for part in root.findall("part"):
        for measure in part.findall("measure")[count:]:
            part.remove(measure)
    return ElementTree.tostring(root, encoding="unicode")


def _measured(parsed, excerpt: Excerpt):
    """Parts in sounding pitch, metres, and the excerpt's begin, end and missing upbeat, in quarters."""
    parts = [part.toSoundingPitch() for part in parsed.parts]
    measures = list(parts[0].getElementsByClass("Measure"))
    metres = [(float(sign.getOffsetInHierarchy(parts[0])), sign.numerator, sign.denominator)
              for sign in parts[0].recurse().getElementsByClass("TimeSignature")] or [(0.0, 4, 4)]
    if not measures:                        # early music without bar lines: bars of its signature
        bar = 4 * metres[0][1] / metres[0][2]
        return parts, metres, excerpt.skip * bar, (excerpt.skip + excerpt.measures) * bar, 0.0
    chosen = measures[excerpt.skip:excerpt.skip + excerpt.measures]
    begin, end = float(chosen[0].offset), float(chosen[-1].offset + chosen[-1].duration.quarterLength)
    full = float(chosen[0].barDuration.quarterLength)
    upbeat = max(0.0, full - float(chosen[0].duration.quarterLength))
    metres = [(max(onset, begin), top, low) for onset, top, low in metres if onset < end]
    return parts, metres, begin, end, upbeat


def _notes(part):
    """(onset, end, pitch, velocity) in quarters of every note that sounds."""
    whole = part.stripTies()
    marks = sorted((float(mark.getOffsetInHierarchy(whole)), _VELOCITIES[mark.value])
                   for mark in whole.recurse().getElementsByClass("Dynamic") if mark.value in _VELOCITIES)
    for element in whole.flatten().notes:
        length = float(element.duration.quarterLength)
        if element.duration.isGrace or not length or "Harmony" in element.classes:
            continue
        onset = float(element.offset)
        velocity = next((loud for begin, loud in reversed(marks) if begin <= onset), _PLAIN)
        for pitch in element.pitches:
            yield onset, onset + length, pitch.midi, velocity
