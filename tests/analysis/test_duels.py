"""What visitors guessed in duels: numbers by hand, words that say what they are, a table without loss."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from analysis import duels
from analysis.clerk import Told
from analysis.duel_desk import DuelDesk
from analysis.gate import Gate


def row(visitor: str, guess: str, side: str = "a", **more: object) -> dict[str, object]:
    return {"visitor": visitor, "guess": guess, "machine_side": side, "recognised": False,
            "system": "segue-base", "checkpoint_sha256": "c0ffee" * 10, "title": "Air", "composer": "Anon.",
            "seed": 7, **more}


ROWS = [row("v1", "a"), row("v1", "a"), row("v1", "b"), row("v2", "b", "b", title="<b>Song"),
        row("v2", "unsure"), row("v3", "a", "b", system="old"), row("v3", "a", recognised=True)]


def test_shares_are_of_decided_guesses_and_grouped():
    found = duels.numbers(ROWS)
    assert (found["n"], found["visitors"], found["unsure"]) == (7, 3, 1)
    assert {key: found["overall"][key] for key in ("n", "visitors", "right", "share")} == {
        "n": 6, "visitors": 3, "right": 4, "share": pytest.approx(2 / 3)}
    low, high = found["overall"]["ci95"]
    assert 0 < low < 2 / 3 < high < 1
    assert (found["unfamiliar"]["n"], found["unfamiliar"]["right"]) == (5, 3)
    assert {name: part["n"] for name, part in found["by_system"].items()} == {
        "segue-base · c0ffeec0": 5, "old · c0ffeec0": 1}
    assert {name: (part["right"], part["n"]) for name, part in found["by_piece"].items()} == {
        "Air · Anon.": (3, 5), "<b>Song · Anon.": (1, 1)}


def test_the_interval_takes_the_visitor_as_the_unit():
    """A hundred duels of one visitor tell nothing about another's ear."""
    assert duels.numbers([row("v1", "a")] * 100)["overall"]["ci95"] is None
    low, high = duels.numbers([row(f"v{n}", "a" if n % 2 else "b") for n in range(20)])["overall"]["ci95"]
    wide = duels.numbers([row(f"v{n % 4}", "a" if n % 2 else "b") for n in range(20)])["overall"]["ci95"]
    assert wide[0] < low < 0.5 < high < wide[1]


def test_words_say_first_that_it_is_no_study():
    words = duels.words(duels.numbers(ROWS))
    assert words.startswith(f'<p class="hint">{duels.NOT_A_STUDY}</p>')
    assert "In 4 of 6 decided duels visitors found the machine (67%" in words
    assert "7 answers of 3 visitors; 1 could not tell." in words
    assert "&lt;b&gt;Song" in words and "<b>Song" not in words
    assert "visitor" in words and "participant" not in words
    empty = duels.words(duels.numbers([]))
    assert duels.NOT_A_STUDY in empty and "Nobody has played" in empty
    assert "No visitor has decided yet." in duels.words(duels.numbers([row("v1", "unsure")]))


def test_the_figure_has_every_share_and_its_interval():
    drawn = duels.figure(duels.numbers(ROWS))
    names = " ".join(note.text for note in drawn.layout.annotations)
    for name in ("All guesses", "The piece was not known", "segue-base", "old", "Air", "&lt;b&gt;Song"):
        assert name in names
    points = [mark for mark in drawn.data if mark.mode == "markers"]
    assert points[0].x[0] == pytest.approx(2 / 3) and len(points) == 6
    assert duels.figure(duels.numbers([])) is None


def test_the_table_loses_nothing_and_starts_no_formula():
    rows = [row("v1", "a", title="=HYPERLINK(1)", faults=""),
            row("v2", "unsure", title='A "B", c\nd', faults="-")]
    [first, second] = csv.DictReader(io.StringIO(duels.table(rows), newline=""))
    assert first == {key: str(value) for key, value in rows[0].items()} | {
        "title": "'=HYPERLINK(1)", "recognised": "false"}
    assert second["title"] == 'A "B", c\nd' and second["faults"] == "'-" and second["seed"] == "7"
    assert duels.table([]) == ""


def test_only_who_has_come_in_sees_anything(tmp_path: Path):
    gate = Gate("word")
    desk = DuelDesk(gate, lambda: ROWS, tmp_path)
    for token in (None, "", "forged", 7, ["x"]):
        for act in (desk.shown, desk.file):
            with pytest.raises(Told, match="enter the password again"):
                act(token)
    assert not list(tmp_path.iterdir())
    token = gate.enter("word", "somebody")
    words, figure = desk.shown(token)
    assert "4 of 6" in words and figure is not None
    path = Path(desk.file(token))
    assert path.name == "duels.csv" and path.is_relative_to(tmp_path) and "v3" in path.read_text()
    with pytest.raises(Told, match="Nobody has played"):
        DuelDesk(gate, list, tmp_path).file(token)
