"""The analysis plan: drafted from the study file, known by its hash, and held against what was done."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from analysis import plan, record
from analysis.__main__ import app
from analysis.answers import AnswersError
from analysis.report import analysed, make
from survey.design.outline import outline
from survey.store import Store
from survey.study.study_file import load, parse
from tests.analysis.simulate import simulated_study, write
from tests.survey.helpers import SMALL, make_ready, small_study

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_END = {"participants": None, "date": None}
PLANNED = SMALL.replace("seed: 7", "seed: 7\nmargin: 0.08\nstop: {participants: 9, date: 2026-12-31}\n"
                                   "quotas: {musician: {yes: 5}}")


def planned(**changes) -> dict:
    return plan.draft(outline(parse(PLANNED), 2), AT, ["did not finish"]) | changes


def test_a_plan_says_what_the_study_file_says():
    drafted = planned()
    assert (drafted["study"], drafted["title"], drafted["frozen_at"]) == (
        "small", "A small study", "2026-03-01T12:00:00Z")
    assert drafted["margin"] == 0.08
    assert drafted["stop"] == {"participants": 9, "date": "2026-12-31"}
    assert drafted["exclusions"] == ["did not finish", "quota full"]
    assert [one["question"] for one in drafted["questions"]] == ["Which one?", "How good?", "How good?"]
    assert "exactly one AI clip" in drafted["primary_outcome"]
    page = plan.as_text(drafted)
    words = ("9 participants", "2026-12-31", "0.08 around 1/2", "quota full", drafted["study_file_sha256"])
    assert all(word in page for word in words)


def test_the_studies_that_ship_can_be_planned():
    for slug in ("default", "published"):
        drafted = plan.draft(outline(load(slug), 3), AT)
        assert set(plan.NEEDED) <= drafted.keys() and plan.as_text(drafted)


def test_without_pairs_the_primary_outcome_is_another_and_no_margin_is_needed():
    design = outline(parse(PLANNED), 2)
    for person in design["participants"]:
        person[:] = [trial for trial in person if trial["kind"] != "pair"]
    drafted = plan.draft(design, AT)
    assert drafted["primary_outcome"] == "Mean blind rating of each setting."
    assert drafted["margin"] is None


def test_the_hash_is_that_of_the_file(tmp_path):
    content = plan.as_file(planned())
    (tmp_path / "plan.json").write_bytes(content.encode())
    kept = record.read(tmp_path)
    assert kept.plan_sha256 == plan.sha256(content) == hashlib.sha256(content.encode()).hexdigest()
    assert kept.plan == planned()


DONE = {"margin": 0.08, "alpha": 0.05, "excluded": {"did not finish": 1}, "finished": 9,
        "study_file_sha256": None, "first_started": "2026-03-02T00:00:00Z",
        "last_started": "2026-12-31T23:00:00Z"}
DEPARTURES = {
    "The equivalence margin was planned as 0.08, and 0.1 was used.": {"margin": 0.1},
    "The significance level was planned as 0.05, and 0.01 was used.": {"alpha": 0.01},
    "2 participants were excluded for a reason that was not planned: disliked.":
        {"excluded": {"did not finish": 1, "disliked": 2}},
    "The study stopped before the planned number: 9 participants were to finish, and 4 did.": {"finished": 4},
    "The study stopped after the planned number: 9 participants were to finish, and 12 did.":
        {"finished": 12},
    "Somebody started on 2027-01-01, after the planned end, 2026-12-31.":
        {"last_started": "2027-01-01T00:00:00Z"},
    "The study file was changed after the plan was frozen.": {"study_file_sha256": "0" * 64},
}


def test_what_went_as_planned_is_no_departure():
    drafted = planned()
    assert plan.departures(drafted, DONE) == []
    assert plan.departures(drafted, DONE | {"study_file_sha256": drafted["study_file_sha256"]}) == []


@pytest.mark.parametrize("sentence", DEPARTURES)
def test_a_departure_is_told(sentence):
    assert plan.departures(planned(), DONE | DEPARTURES[sentence]) == [sentence]


def test_a_plan_that_is_younger_than_the_data_is_told():
    told = plan.departures(planned(), DONE | {"first_started": "2026-02-01T00:00:00Z"})
    assert len(told) == 1 and told[0].startswith("The plan is not older than the data")


def test_the_report_prints_the_hash_and_the_departures(tmp_path):
    folder = write(simulated_study(9, 0.8, 3, excluded=1), tmp_path / "in")
    content = plan.as_file(planned(frozen_at="2020-01-01T00:00:00Z", stop=NO_END))
    (folder / "plan.json").write_text(content)
    (folder / "audit.json").write_text(json.dumps({"at": "2026-02-28T10:00:00Z", "warnings": ["Size tells."
        ""]}))
    numbers = make(folder, tmp_path / "out")
    assert numbers["margin"] == 0.08
    assert numbers["plan"]["departures"] == [
        "1 participant was excluded for a reason that was not planned: failed the sound check."]
    page = (tmp_path / "out" / "report.html").read_text()
    assert plan.sha256(content) in page and "failed the sound check." in page and "Size tells." in page
    assert analysed(folder, margin=0.2)["plan"]["departures"][0].startswith("The equivalence margin")


def test_without_a_plan_and_an_audit_the_report_says_so(tmp_path):
    folder = write(simulated_study(2, 0.8, 3), tmp_path / "in")
    assert make(folder, tmp_path / "out")["plan"] is None
    page = (tmp_path / "out" / "report.html").read_text()
    assert "No analysis plan was frozen" in page and "were not audited" in page


def test_the_command_has_the_plan_kept_and_is_refused_once_somebody_has_started(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path))
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        out = str(tmp_path / "p")
        done = CliRunner().invoke(app, ["freeze", "small", "--exclude", "too fast", "--out", out])
        assert done.exit_code == 0, done.output
        kept = store.plan("small")
        assert (tmp_path / "p" / "plan.json").read_text() == kept
        assert plan.sha256(kept) in done.stdout and (tmp_path / "p" / "plan.txt").read_text() in done.stdout
        assert "too fast" in json.loads(kept)["exclusions"]
        store.start("small")
        late = CliRunner().invoke(app, ["freeze", "small"])
        assert late.exit_code == 2 and late.stdout == ""
        assert late.stderr == (
            "Somebody has started the study 'small', so its analysis plan can no longer be frozen: that "
            "must come before the first participant.\n")
        assert store.plan("small") == kept


def test_the_audit_is_told_in_sentences():
    silent = {"at": "2026-02-28T10:00:00Z", "verdict": "No cue tells who wrote a clip.", "threshold": 0.65,
              "cues": [["file size", 0.55]], "warnings": []}
    told = record.audit_sentences(silent)
    assert told[0] == "The clips were audited at 2026-02-28T10:00:00Z. No cue tells who wrote a clip."
    assert "file size: area under the ROC curve 0.55" in told[1] and told[2:] == ["Warnings: none."]
    assert record.audit_sentences(silent | {"warnings": ["x.", "y."]})[2:] == ["Warnings: 2.", "x.", "y."]
    several = record.audit_sentences(silent | {"systems": {"old": {"cues": [["file size", 0.61]]}}})
    assert several[2].startswith("The most telling cue of 'old' alone was file size: area under")


def test_the_number_of_tests_is_told():
    tests = {"n": 9, "families": {"pairs of settings": {"n": 6, "correction": "Holm"}}, "uncorrected": 3}
    assert record.correction_sentences(tests) == [
        "9 tests were made, 6 of them corrected within their family.", "Families: pairs of settings: 6 "
        "(Holm)."]
    assert record.correction_sentences({"n": 0, "families": {}, "uncorrected": 0}) == ["Nothing was tested."]


@pytest.mark.parametrize("content", ["{", "[]", "{}", "\udcff"])
def test_a_damaged_plan_is_refused_in_one_sentence(tmp_path, content):
    (tmp_path / "plan.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(AnswersError, match=r"^plan\.json "):
        record.read(tmp_path)
