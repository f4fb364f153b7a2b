"""The whole command on a tiny network, and its page in a browser."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from model.evaluation import distances, listener, report
from model.evaluation.prepared import EvaluationError
from model.evaluation.run import Request, brief, evaluate, settings_of
from model.settings import PRESETS


@pytest.fixture(scope="module")
def request_(tiny_events, prepared_events, tmp_path_factory) -> Request:
    return Request(str(tiny_events), prepared_events, split="train", prompts=8, bars=4, prompt_bars=4,
                   settings="temperature=1,top_k=0,no_repeat_ngram=0", pieces=4, sequence=128, workers=1,
                   cache=tmp_path_factory.mktemp("cache"), copies=False, controls=0)


@pytest.fixture(scope="module", autouse=True)
def in_a_hurry() -> Iterator[None]:
    """Fewer repetitions than a measurement needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listener, "REPEATS", 1)
        patch.setattr(distances, "HALVINGS", 10)
        patch.setattr(distances, "_QUICK", 2)
        yield


@pytest.fixture(scope="module")
def results(request_) -> dict:
    return evaluate(request_)


def test_every_promised_number_is_there(results, request_):
    found = json.loads(json.dumps(results, allow_nan=False))
    assert set(found["machine_listener_auc"]) == {"model", "markov", "shuffled"}
    assert 0.5 < found["machine_listener_auc"]["model"] <= 1, "a random network is no composer"
    assert set(found["faults_per_1000"]) == {"raw", "guarded", "markov", "human"}
    assert found["bits_per_note"]["train"] == found["likelihood"]["all"]["bits_per_note"]
    assert found["bits_per_note"]["published_recipe_same_compute"] is None
    assert found["feature_distance_over_floor"]["velocity_mean"] > 0
    assert found["prompts"] == 8 == len(found["by_prompt"]) == sum(
        one["prompts"] for one in found["by_dataset"].values())
    assert found["settings"]["temperature"] == 1 and len(found["checkpoint_sha256"]) == 64
    assert set(brief(found)) < set(found)


def test_the_same_request_gives_the_same_numbers(results, request_):
    assert json.dumps(evaluate(request_)) == json.dumps(results)


def test_copies_come_with_a_training_set(request_, results, monkeypatch):
    assert results["copied_run_p99"] is None
    monkeypatch.setattr("model.evaluation.pieces.KIN", 17)       # keep pieces that training knows
    found = evaluate(replace(request_, copies=True, prompts=4, pieces=1))
    runs = found["copied_run_p99"]
    assert set(runs) == {"model", "markov", "shuffled", "human"}
    assert runs["human"] > 20 > runs["markov"], "people's bars stand in the training split, they come from it"


def test_the_page_stands_alone(results, tmp_path):
    paths = report.write(results, tmp_path / "out")
    assert [path.name for path in paths] == ["evaluation.json", "evaluation.html"]
    page = paths[1].read_text(encoding="utf-8")
    assert json.loads(paths[0].read_text(encoding="utf-8"))["prompts"] == 8
    assert not re.search(r"<script|<link|@import|url\((?!#)|(src|href)=\"[^#]", page)
    assert page.count("<svg") == 8 and "NaN" not in page and "None" not in page


def test_a_name_cannot_break_the_page(results):
    page = report.render({**results, "checkpoint": "<b>bold</b>"})
    assert "<b>bold</b>" not in page and "&lt;b&gt;bold" in page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_the_window(results, new_page, tmp_path, width):
    _, html = report.write(results, tmp_path)
    page = new_page(viewport={"width": width, "height": 900})
    asked = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(html.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width and len(asked) == 1
    ends = page.evaluate("[...document.querySelectorAll('svg')].map(s => s.getBoundingClientRect().right)")
    assert len(ends) == 8 and max(ends) <= width


def test_likelihood_alone(request_):
    found = evaluate(replace(request_, prompts=0))
    assert "by_prompt" not in found and brief(found) == found["likelihood"]
    assert "bits per note" in report.render(found)


def test_settings_by_name_and_by_change():
    assert settings_of("balanced") == PRESETS["balanced"]
    changed = settings_of("temperature=0.9, top_p=0.95, keep_instruments=false")
    assert (changed.temperature, changed.top_p, changed.keep_instruments) == (0.9, 0.95, False)
    assert changed.seed == PRESETS["natural"].seed and changed.top_k == PRESETS["natural"].top_k


@pytest.mark.parametrize("text, said", [
    ("loud", "received 'loud'"), ("bars=4", "received 'bars=4'"), ("temperature=hot", "received 'hot'"),
    ("temperature=9", "from 0.05 to 2.0; received 9"),
])
def test_wrong_settings(text, said):
    with pytest.raises(ValueError, match=said):
        settings_of(text)


@pytest.mark.parametrize("change, said", [
    ({"prompts": 3}, "prompts is 0 or at least 4; received 3"),
    ({"prompts": -1}, "received -1"),
    ({"bars": 300}, "none was found"),
    ({"split": "best"}, "best.npy"),
])
def test_wrong_requests(request_, change, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        evaluate(replace(request_, **change))
    published = tmp_path / "evaluation.json"
    published.write_text("[]")
    for name in ("published", "earlier"):
        with pytest.raises(EvaluationError, match=f"{name} is an evaluation"):
            evaluate(replace(request_, **{name: published}))


def test_bits_of_other_evaluations_stand_beside_its_own(request_, tmp_path):
    paths = {name: tmp_path / f"{name}.json" for name in ("published", "earlier")}
    for path, bits in zip(paths.values(), (12.5, 4.5), strict=True):
        path.write_text(json.dumps({"likelihood": {"all": {"bits_per_note": bits}}}))
    bits = evaluate(replace(request_, prompts=0, **paths))["bits_per_note"]
    assert bits["published_recipe_same_compute"] == 12.5 and bits["train_same_compute"] == 4.5
