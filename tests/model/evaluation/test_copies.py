"""The longest copied run, against a search by brute force; sketches know a piece in another key."""

import numpy as np
import pytest

from model.evaluation import copies
from model.evaluation.copies import SHORTEST, longest_runs
from model.evaluation.fingerprint import collect, sketch, training_set, views
from model.evaluation.passage import ONSET, PITCH, PROGRAM, Passage
from tests.model.evaluation.material import passage_of, tune, wander


def moved(part: Passage, semitones: int = 0, steps: int = 0) -> Passage:
    notes = part.notes.copy()
    notes[notes[:, PROGRAM] != 128, PITCH] += semitones
    notes[:, [ONSET, 1]] += steps
    return Passage(notes, part.lines)


def brute(part: Passage, pieces: list[Passage], view: str) -> int:
    best = 0
    for mine in views(part)[view]:
        for piece in pieces:
            for theirs in views(piece)[view]:
                table = np.zeros(len(theirs) + 1, int)
                for code in mine:
                    table[1:] = np.where(theirs == code, table[:-1] + 1, 0)
                    best = max(best, int(table.max()))
    return best + 1 if best >= SHORTEST else 0


@pytest.mark.parametrize("shard", [50, 2**21])
def test_runs_are_those_of_brute_force(shard, monkeypatch):
    monkeypatch.setattr(copies, "_SHARD", shard)
    pieces = [wander(seed, notes=90) for seed in range(12)]
    rng = np.random.default_rng(0)
    mixed = []
    for i in range(8):      # passages of made-up music with stretches of the pieces, in other keys, later
        source = moved(pieces[i], int(rng.integers(-6, 7)), 6)
        mine, start = wander(100 + i, notes=60), int(rng.integers(0, 30))
        stretch = source.pitched[start : start + int(rng.integers(4, 40))]
        kept = mine.notes[mine.notes[:, ONSET] > stretch[-1, ONSET]]
        mixed.append(Passage(np.concatenate([stretch, kept]), mine.lines))
    found = longest_runs(mixed, collect(pieces))
    for view in ("melody", "notes"):
        assert found[view].tolist() == [brute(part, pieces, view) for part in mixed]
    assert found["longest"].tolist() == np.maximum(found["melody"], found["notes"]).tolist()
    assert (found["longest"] > 8).any()


def test_a_copy_in_another_key_is_found_whole_and_not_across_pieces():
    pieces = [wander(seed, notes=40) for seed in range(3)]
    training = collect(pieces)
    assert longest_runs([moved(pieces[1], 4)], training)["notes"].tolist() == [40]
    ends, begins = pieces[0].pitched[-20:], pieces[1].pitched[:20].copy()
    begins[:, [ONSET, 1]] += ends[-1, ONSET] - begins[0, ONSET] + 5
    spliced = Passage(np.concatenate([ends, begins]), pieces[0].lines)
    assert longest_runs([spliced], training)["notes"].tolist() == [20]


def test_short_runs_drums_and_silence_are_no_copies():
    training = collect([passage_of(*tune([60, 61, 63, 66, 70, 75])), passage_of(*tune([36] * 30, 3, 128))])
    parts = [passage_of(*tune([60, 61, 63, 66, 70, 75])), passage_of(*tune([36] * 30, 3, 128)), passage_of()]
    assert longest_runs(parts, training)["longest"].tolist() == [0, 0, 0]
    longer = collect([passage_of(*tune([50, 51, 53, 56, 60, 65, 50, 51]))])
    assert longest_runs([passage_of(*tune([60, 61, 63, 66, 70, 75, 60]))], longer)["longest"].tolist() == [7]


def test_summary_tells_the_spread():
    runs = {"longest": np.array([0, 7, 8, 9, 40])}
    found = copies.summary(runs, np.random.default_rng(0))["longest"]
    assert (found["median"], found["max"]) == (8, 40) and 9 < found["p99"] <= 40
    assert found["p99_ci95"][0] < found["p99"]


def test_a_sketch_knows_a_piece_in_any_key():
    pieces = [wander(seed, notes=120, bars=12) for seed in range(6)]
    training = collect(pieces)
    assert len(sketch(pieces[0])) == 16
    assert training.kin(moved(pieces[4], 5, 7)) == 16
    assert training.kin(wander(99, notes=120, bars=12)) <= 1
    assert training.kin(passage_of(*tune([60] * 40, 2))) == 0, "one note repeated says nothing"


def test_the_training_set_is_kept(prepared_events, tmp_path):
    steps = []
    first = training_set(prepared_events, tmp_path, lambda n, total: steps.append((n, total)))
    assert steps[-1][0] == steps[-1][1] == first.pieces
    again = training_set(prepared_events, tmp_path, lambda n, total: pytest.fail("it was made again"))
    assert again.pieces == first.pieces and (again.sketches == first.sketches).all()
    assert all((again.codes[view] == first.codes[view]).all() for view in first.codes)
