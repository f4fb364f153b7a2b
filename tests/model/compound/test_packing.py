"""Packed events come back to the byte; places follow from times and metres."""

import numpy as np
import pytest
from symusic import Score, TimeSignature

from model.compound import events as ev
from model.compound.packing import SPLITS, pack, places, unpack
from model.compound.transcription import encode
from model.metre import METRES
from model.score import normalise


def test_a_prepared_folder_comes_back_to_the_byte(prepared_events, tmp_path):
    pack(prepared_events, tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "again")
    names = {path.name for path in prepared_events.iterdir()}
    assert names == {path.name for path in (tmp_path / "again").iterdir()} > {f"{s}.npy" for s in SPLITS}
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (prepared_events / name).read_bytes(), name
    size, packed = (sum(file.stat().st_size for file in folder.iterdir() if file.suffix in (".npy", ".xz"))
                    for folder in (prepared_events, tmp_path / "packed"))
    assert packed < size / 3


def test_token_ids_are_not_packed(prepared, tmp_path):
    with pytest.raises(ValueError, match=r"^Events are packed, rows of 7; those of "):
        pack(prepared, tmp_path)


@pytest.mark.parametrize("seed", range(12))
def test_places_follow_from_times_and_metres(music, seed):
    """A piece in five metres with silences between, whose last note is held into another one."""
    rng = np.random.default_rng(seed)
    score, tick = Score(480), 0
    for part in range(5):
        metre = sorted(METRES)[rng.integers(len(METRES))]
        bars = int(rng.integers(1, 20))
        score.time_signatures.append(TimeSignature(tick, *metre))
        if rng.random() < 0.7:
            for track in music(bars=bars, metre=metre, seed=part).tracks:
                track.notes = [note.shift_time(tick) for note in track.notes]
                score.tracks.append(track)
        tick += bars * METRES[metre]
    if score.note_num():
        score.tracks[0].notes[-1].duration = 4000
    events = encode(normalise(score))
    assert places(events).tolist() == events[:, ev.POSITION :].tolist()
