"""Prompts: long enough, one a source piece, none that training knows, the same for the same seed."""

import csv

import pytest

from model.evaluation.fingerprint import collect
from model.evaluation.passage import passage
from model.evaluation.pieces import from_library, held_out
from model.evaluation.prepared import EvaluationError, Prepared
from model.score import count_bars, write


def names(pieces) -> list[str]:
    return [piece.name for piece in pieces]


def test_one_prompt_a_source_piece(prepared_events):
    found = held_out(prepared_events, 100, split="train", prompt_bars=4, bars=4)
    rows = Prepared(prepared_events, "train").rows
    assert len(rows) > len({row.source for row in rows}), "the folder has sections of one piece"
    assert len(found) == len({piece.source for piece in found}) == len({(r.dataset, r.source) for r in rows})
    for piece in found:
        assert count_bars(piece.prompt) == 4 and 8 <= count_bars(piece.score) <= 12
        prompt, whole = (passage(score, 4).notes for score in (piece.prompt, piece.score))
        assert prompt[:, [0, 2, 3]].tolist() == whole[:, [0, 2, 3]].tolist()


def test_the_seed_decides(prepared_events):
    one, same, other = (names(held_out(prepared_events, 8, split="train", prompt_bars=4, bars=4, seed=seed))
                        for seed in (1, 1, 2))
    assert one == same != other and len(one) == 8


def test_what_comes_after_others_was_not_among_them(prepared_events):
    all_, later = (names(held_out(prepared_events, 8 - skip, split="train", prompt_bars=4, bars=4, skip=skip))
                   for skip in (0, 5))
    assert len(later) == 3 and later == all_[5:]


def test_what_training_knows_is_left_out(prepared_events, music):
    known = held_out(prepared_events, 100, split="train", prompt_bars=4, bars=4)
    prepared = Prepared(prepared_events, "train")
    first = [prepared.score(row) for row in prepared.rows if row.source == known[0].source.split("/", 1)[1]]
    training = collect([passage(score, count_bars(score)) for score in first])
    left = held_out(prepared_events, 100, split="train", prompt_bars=4, bars=4, training=training)
    assert known[0].source not in {piece.source for piece in left} and len(left) == len(known) - 1


def test_a_library_gives_prompts_too(music, tmp_path):
    folder = tmp_path / "library"
    (folder / "songs").mkdir(parents=True)
    rows = [("songs/long.mid", 8), ("songs/short.mid", 5), ("other.mid", 9)]
    with open(folder / "library.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "title", "composer", "licence", "source"])
        for name, bars in rows:
            write(music(bars=bars, seed=bars), folder / name)
            writer.writerow([name, "t", "c", "CC0", name])
    found = from_library(folder, tmp_path / "cache", 9, prompt_bars=4, bars=4)
    assert {(piece.name, piece.dataset) for piece in found} == {
        ("songs/long.mid", "songs"), ("other.mid", "library")}


@pytest.mark.parametrize("asked, said", [
    ({"count": 0}, "received 0, 4 and 4."),
    ({"count": 1, "skip": -1}, "skip is 0 or more; received -1."),
    ({"count": 1, "bars": 500}, "504 bars or more .* none was found"),
])
def test_wrong_requests(prepared_events, asked, said):
    with pytest.raises(EvaluationError, match=said):
        held_out(prepared_events, **{"prompt_bars": 4, "bars": 4, **asked})
