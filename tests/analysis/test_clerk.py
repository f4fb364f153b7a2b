"""What the Research page says of what it did, over an office that is not there."""

from dataclasses import replace

from analysis.board import StudyStatus
from analysis.clerk import REOPEN, Clerk
from analysis.gate import Gate
from analysis.works import Works


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
