"""Whatever a participant is refused, they read it in their language: every error that can reach them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from starlette.testclient import TestClient

from model.blind import hearing
from survey import errors
from survey.store import Busy, InvalidAnswer
from survey.taking import replies, steps
from survey.values import Shut
from survey.web import gate, visit, wording
from survey.web.markup import doors
from tests.survey.page.conftest import Prepared

WEB = Path(gate.__file__).parent
FRENCH = "fr-FR"        # no language of ours
LISTEN = {"listen", "listen_a", "listen_b"}             # made of a clip's slot


def raised(module: object, *names: str) -> Iterator[ast.Call]:
    """Every call in a module of one of these names."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
            yield node


def codes() -> set[str]:
    """The codes of every refused answer that an honest page can bring about."""
    return {argument.value for module in (replies, steps) for call in raised(module, "InvalidAnswer")
            for argument in call.args[1:2] if isinstance(argument, ast.Constant)} | LISTEN


def test_every_code_of_a_refused_answer_is_said_and_none_is_said_in_vain() -> None:
    said = {key.removeprefix("refused.") for key in wording.catalogue("en") if key.startswith("refused.")}
    assert {"missing", "choose", "number", "long", "count", "consent"} <= codes() == said


@pytest.mark.parametrize("language", wording.LANGUAGES)
def test_every_refused_answer_is_a_sentence_of_its_language(language: str) -> None:
    values = {"question": "?", "minimum": 1, "maximum": 5, "limit": 9}
    found = [visit._refusal(InvalidAnswer("in English", code, **values), language)
             for code in (*sorted(codes()), "", "nonsuch")]
    assert len(set(found)) == len(found) - 1, "the last two are one general sentence"
    assert not [one for one in found if "English" in one or "{" in one]


@pytest.mark.parametrize("why", get_args(Shut))
def test_a_shut_door_speaks_every_language(prepared: Prepared, why: str) -> None:
    shown = {doors.shut(prepared.store.welcome("small", language), why) for language in ("en", "de")}
    assert len(shown) == 2
    for language in wording.LANGUAGES:
        for part in ("title", "lede"):
            kind = "early_" if why == "not_opened" else "" if why in ("closed", "date") else "full_"
            assert wording.say(language, f"closed.{kind}{part}")


def test_no_answer_of_the_web_says_a_sentence_of_the_program_itself() -> None:
    """Bodies of HTTP answers come from the wording, never from a literal or from an error's own text."""
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name.endswith("Response") and node.args:
                body = node.args[0]
                assert not isinstance(body, ast.Constant | ast.JoinedStr), f"{path.name}:{node.lineno}"
                assert getattr(getattr(body, "func", None), "id", "") != "str", f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("language", [*wording.LANGUAGES, FRENCH])
def test_every_http_refusal_is_in_the_readers_language(client: TestClient, language: str) -> None:
    said = {"Accept-Language": f"{language};q=0.9, tlh"}
    spoken = language if language in wording.LANGUAGES else "en"
    call = "/study/small/gradio_api/component_server/"
    for got, key, values in (
            (client.get("/study/small/gradio_api/upload", headers=said), "http.not_found", {}),
            (client.get("/study/nonsuch/theme.css", headers=said), "http.not_found", {}),
            (client.post(call, content=b"[]", headers=said), "notice.not_understood", {}),
            (client.post(call, content=b"x" * 70_000, headers=said), "http.too_large",
             {"limit": gate.MAX_REQUEST_BYTES}),
            (client.get("/clips/nonsuch", headers=said), "http.no_clip", {})):
        assert got.text == wording.say(spoken, key, **values), key
        assert got.headers["content-language"] == spoken
    assert wording.say(spoken, "unknown.title") in client.get("/study/nonsuch/", headers=said).text


def test_a_busy_store_asks_for_patience_in_the_readers_language(
        client: TestClient, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise Busy("in English")

    monkeypatch.setattr(prepared.store, "clip", busy)
    said = client.get("/clips/x", headers={"Accept-Language": "zh-CN"})
    assert (said.status_code, said.text) == (503, wording.say("zh", "notice.busy"))


def test_nonsense_is_answered_in_the_language_that_it_names() -> None:
    said = visit.Visits(None).act("small", {"token": 5, "languages": ["es"]})["notice"]
    assert said == wording.say("es", "notice.not_understood")


def test_what_is_not_heard_has_the_codes_that_are_said() -> None:
    clip = hearing.Listened("a", "clip A", "listen_a", 0, None, False, 0.0, 10.0)
    with pytest.raises(hearing.NotHeard) as refused:
        hearing.heard([clip], 0.0, 1)
    assert f"refused.{refused.value.code}" in wording.catalogue("en")
    assert issubclass(errors.InvalidAnswer, errors.StoreError)
