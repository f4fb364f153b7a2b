"""What the Research page says and draws, over an office that is not there."""

from dataclasses import replace
from types import SimpleNamespace

from analysis.board import StudyStatus
from analysis.clerk import REOPEN, Clerk
from analysis.gate import Gate
from analysis.hands import DRAWN, FIGURES, WHERE_ASKED, Hands
from analysis.report import analysed
from analysis.works import Works
from survey.export import write
from survey.export.simulate import simulate
from tests.survey.helpers import rich_study, small_study


class FullOffice:
    """One open study with all its participants; as in the store, excluding one of them closes it."""

    languages = systems = ()

    def __init__(self, wanted_more: bool):
        self.study = StudyStatus("s", "A study", "open", 4, 4, 2, 2, 8)
        self.wanted_more = wanted_more

    def studies(self):
        return [self.study]

    def exclude(self, slug, limits):
        if not self.wanted_more:
            self.study = replace(self.study, state="closed")
        return 1


def said(tmp_path, wanted_more: bool) -> str:
    gate = Gate("word")
    clerk = Clerk(gate, FullOffice(wanted_more), Works(), tmp_path)
    return clerk.exclude(gate.enter("word", "here"), "s", ["fast"], 2, 50)


def test_a_full_study_that_wants_people_again_is_told_to_be_closed(tmp_path):
    assert "1 participant excluded." in said(tmp_path, wanted_more=False)
    assert REOPEN in said(tmp_path, wanted_more=False)
    assert REOPEN not in said(tmp_path, wanted_more=True)


def drawn(study, folder) -> dict:
    """What the Results tab holds of a simulated run, by the components' names."""
    write(simulate(study, 20, 0.7), folder)
    numbers = analysed(folder)
    clerk = SimpleNamespace(numbers=lambda token, slug: numbers)
    hands = Hands(clerk, None, lambda **change: change, lambda: None)
    return dict(zip(FIGURES, hands.draw("token", "s"), strict=True))


def test_a_study_that_asked_for_preferences_and_told_labels_sees_their_figures(tmp_path):
    found = drawn(rich_study(), tmp_path)
    for name in ("preferences", "labels", "halo"):
        assert found[name]["visible"] and found[name]["value"] is not None
        assert "<h3>" in found[f"about_{name}"]


def test_a_study_that_did_not_ask_sees_nothing_of_them(tmp_path):
    found = drawn(small_study(), tmp_path)
    assert found["accuracy"]["visible"]
    hidden = [name for name in WHERE_ASKED if not found[name]["visible"]]
    assert {"preferences", "labels"} <= set(hidden)
    assert all(found[f"about_{name}"] == "" for name in hidden)
    assert all(found[f"about_{name}"] for name in DRAWN[1:] if name not in hidden)
