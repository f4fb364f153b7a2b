"""The commands that plan: a design as JSON, a simulated run, a plan that is kept before anybody starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from survey import design
from survey.__main__ import app
from survey.design.outline import outline, sha256
from survey.errors import Conflict, StoreError
from survey.export import export, import_
from survey.store import Store
from survey.study.study_file import load
from tests.survey.helpers import SMALL, make_ready, small_study

Survey = Callable[..., Result]
PLAN = json.dumps({"study": "small", "study_file_sha256": sha256(small_study())}) + "\n"


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Survey:
    """Runs a command on a data folder of its own."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "plan.json").write_text(PLAN, encoding="utf-8")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store(f"sqlite:///{tmp_path / 'data' / 'segue.db'}") as store:
        make_ready(store, small_study())
        yield store


def test_an_outline_holds_every_trial_and_tells_every_origin() -> None:
    study = load("default")
    found = outline(study, 3)
    assert len(found["participants"]) == 3
    for ordinal, trials in enumerate(found["participants"]):
        steps = [step for step in design.steps(study, ordinal) if step.trial_id is not None]
        assert [trial["trial_id"] for trial in trials] == [step.trial_id for step in steps]
        for trial, step in zip(trials, steps, strict=True):
            heard = tuple(clip for clip in (trial["stimulus_a"], trial["stimulus_b"]) if clip)
            assert heard == step.clips
            assert all(found["clips"][clip] in ("ai", "human") for clip in heard)


def test_a_design_comes_from_a_file_or_from_a_study_that_is_registered(survey, store, tmp_path) -> None:
    from_file = survey("design", tmp_path / "small.yaml", "--participants", 4)
    assert from_file.exit_code == 0 and json.loads(from_file.stdout) == outline(small_study(), 4)
    assert survey("design", "small", "--participants", 4).stdout == from_file.stdout
    written = survey("design", "small", "--participants", 4, "--out", tmp_path / "design.json")
    assert written.exit_code == 0
    assert (tmp_path / "design.json").read_text(encoding="utf-8") == from_file.stdout


def test_simulate_writes_the_export_files(survey, tmp_path) -> None:
    study = tmp_path / "small.yaml"
    done = survey("simulate", study, "--participants", 3, "--accuracy", 0.7, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    for name in ("participants.csv", "stimuli.csv", "answers.csv"):
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        assert lines[1].startswith("simulated-small,")


def test_a_frozen_plan_is_kept_word_for_word_and_exported(survey, store, tmp_path) -> None:
    assert store.plan("small") is None
    assert survey("freeze", "small", tmp_path / "plan.json").exit_code == 0
    assert store.plan("small") == PLAN
    export(store, "small", tmp_path / "out")
    assert (tmp_path / "out" / "plan.json").read_text(encoding="utf-8") == PLAN
    assert json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))["slug"] == "small"
    store.start("small")
    export(store, "small", tmp_path / "out")
    kept = (tmp_path / "out" / "study.json").read_bytes()
    import_(store, tmp_path / "out", "again")
    assert store.plan("again") == PLAN
    export(store, "again", tmp_path / "out")
    assert (tmp_path / "out" / "plan.json").read_text(encoding="utf-8") == PLAN
    assert (tmp_path / "out" / "study.json").read_bytes() == kept


def test_a_plan_comes_before_the_first_participant(store) -> None:
    store.freeze("small", PLAN)
    store.freeze("small", PLAN + "\n")  # nobody has started: it may be changed
    store.start("small")
    with pytest.raises(Conflict, match="before the first participant"):
        store.freeze("small", PLAN)
    assert store.plan("small") == PLAN + "\n"


@pytest.mark.parametrize("content, sentence", [
    (PLAN.replace('"study_file_sha256": "', '"study_file_sha256": "0'), "another study file"),
    ("{}", "is not an analysis plan"), ("[1]", "is not an analysis plan"), ("plan", "is not an analysis plan"
    "")])
def test_a_plan_of_something_else_is_refused(survey, store, tmp_path, content, sentence) -> None:
    (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    refused = survey("freeze", "small", tmp_path / "plan.json").exception
    assert isinstance(refused, StoreError) and sentence in str(refused)
    assert store.plan("small") is None
