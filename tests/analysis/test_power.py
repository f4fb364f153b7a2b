"""Power by simulation: the tests are those of the report, and known cases come out as theory has them."""

import json
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis import power as powers
from analysis.__main__ import app
from analysis.clustered import clustered_share
from analysis.equivalence import equivalence
from analysis.power import Assumptions, PowerError, one_ai_pairs, power, power_figure, power_text
from survey.design.outline import outline
from survey.study.study_file import load
from tests.survey.helpers import SMALL

ALIKE = {"listener_sd": 0, "clip_sd": 0, "undecided": 0}


def design(pairs: int = 6) -> dict:
    """Everybody hears the same pairs, each of one AI clip and one human clip."""
    clips = {f"{origin}-{n}": origin for n in range(pairs) for origin in ("ai", "human")}
    heard = [trial(f"ai-{n}", f"human-{n}") for n in range(pairs)]
    return {"study": "s", "definition": {"margin": 0.15}, "definition_sha256": "", "clips": clips,
            "participants": [heard]}


def trial(a: str, b: str | None, kind: str = "pair", repeat_of: str | None = None) -> dict:
    return {"kind": kind, "stimulus_a": a, "stimulus_b": b, "repeat_of": repeat_of}


def test_the_tests_are_those_of_the_report():
    rng = np.random.default_rng(5)
    decided = rng.integers(0, 7, (4, 30))
    correct = rng.binomial(decided, 0.58)
    differs, equivalent = powers._tested(correct, decided, Assumptions(margin=0.12))
    for study in range(4):
        for people in range(3, 31):
            right = [n < correct[study, who] for who in range(people) for n in range(decided[study, who])]
            names = [who for who in range(people) for _ in range(decided[study, who])]
            share = clustered_share(right, names)
            assert differs[study, people - 1] == (share.p_value() < 0.05)
            assert equivalent[study, people - 1] == equivalence(share, 0.12)["equivalent"]


def test_listeners_who_are_alike_need_as_many_as_the_textbook_says():
    found = power(design(), Assumptions(accuracy=0.6, **ALIKE), np.random.default_rng(1), most=60)
    z = NormalDist().inv_cdf
    answers = ((z(0.975) * 0.5 + z(0.8) * sqrt(0.24)) / 0.1) ** 2      # 194, as independent
    assert found["needed"]["difference"]["participants"] == pytest.approx(answers / 6, abs=4)
    low, high = found["needed"]["difference"]["ci95"]
    assert low <= found["needed"]["difference"]["participants"] <= high
    alarms = found["curve"][-1]["false_alarms"]
    assert alarms["ci95"][0] < 0.05 < alarms["ci95"][1]


def test_more_spread_between_listeners_asks_for_more_of_them_and_clips_that_differ_raise_false_alarms():
    apart = Assumptions(accuracy=0.6, undecided=0, listener_sd=0.8, clip_sd=0)
    clips = Assumptions(accuracy=0.6, undecided=0, listener_sd=0, clip_sd=0.4)
    alike, of_listeners, of_clips = (
        power(design(), case, np.random.default_rng(1), most=90, simulations=400)
        for case in (Assumptions(accuracy=0.6, **ALIKE), apart, clips))
    needed = [found["needed"]["difference"]["participants"] for found in (alike, of_listeners)]
    assert needed[0] < needed[1]
    assert of_clips["curve"][-1]["false_alarms"]["power"] > 0.3
    assert of_clips["needed"]["equivalence"]["participants"] is None


def test_only_pairs_with_one_ai_clip_count_and_neither_practice_nor_repeats():
    study = design(2)
    study["participants"] = [[
        trial("human-0", "ai-0"), trial("ai-0", "ai-1"), trial("human-0", "human-1"), trial("ai-1", None),
        trial("ai-1", "human-1", "practice"), trial("ai-0", "human-0", repeat_of="x"),
        trial("ai-1", "human-0", "preference")], [trial("ai-1", "human-1"), trial("ai-0", "human-1")]]
    pairs = one_ai_pairs(study, 3)
    assert pairs.tolist() == [[[0, 1], [-1, -1]], [[2, 3], [0, 3]], [[0, 1], [-1, -1]]]


@pytest.mark.parametrize("wrong", [
    {"accuracy": 1.0}, {"undecided": 1.0}, {"margin": 0.5}, {"clip_sd": -1}, {"target": 0}])
def test_impossible_assumptions_are_refused(wrong):
    with pytest.raises(PowerError, match=next(iter(wrong))):
        Assumptions(**wrong)


def test_a_study_without_pairs_is_refused():
    study = design()
    study["participants"] = [[trial("ai-0", "ai-1")]]
    with pytest.raises(PowerError, match="no pair of one AI clip"):
        power(study, Assumptions(), np.random.default_rng(0))


def test_words_and_figure_say_that_they_are_simulated():
    rng = np.random.default_rng(0)
    found = power(outline(load("default"), 12), Assumptions(), rng, most=12, simulations=20)
    assert found["simulated"] and "SIMULATED" in power_text(found)
    assert any("SIMULATED" in note.text for note in power_figure(found).layout.annotations)
    assert "12 participants are not enough" in power_text(found)


def test_the_command_takes_a_design_and_its_margin(tmp_path):
    (tmp_path / "design.json").write_text(json.dumps(design()))
    arguments = ["power", str(tmp_path / "design.json"), "--most", "20", "--simulations", "20"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    kept = json.loads((tmp_path / "out" / "power.json").read_text())
    assert kept["assumptions"]["margin"] == 0.15
    assert (tmp_path / "out" / "power.txt").read_text() == done.stdout
    kinds = {path.suffix for path in (tmp_path / "out").iterdir()}
    assert kinds == {".txt", ".json", ".html", ".svg", ".png"}
    again = CliRunner().invoke(app, arguments)
    assert again.stdout == done.stdout
    assert CliRunner().invoke(app, [*arguments, "--margin", "0.6"]).exit_code == 2


def test_the_command_asks_the_survey_for_a_study_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path))
    (tmp_path / "small.yaml").write_text(SMALL)
    done = CliRunner().invoke(
        app, ["power", str(tmp_path / "small.yaml"), "--most", "6", "--simulations", "10"])
    assert done.exit_code == 0, done.output
    assert "hears 2 of 2 pairs" in done.stdout and "study 'small'" in done.stdout
    refused = CliRunner().invoke(app, ["power", str(tmp_path / "nothing.yaml")])
    assert refused.exit_code == 2 and refused.stderr.count("\n") == 1 and "cannot be read" in refused.stderr
