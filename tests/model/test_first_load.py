"""What makes a first visit short: smaller answers, bundles, and a head that names all that is needed."""

import asyncio
import gzip
import threading
from pathlib import Path

import brotli
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from model import bundle, squeeze, view
from model.frontend import assets, needed, opening
from model.preface import Preface
from model.squeeze import Squeeze

TEXT = "do re mi fa sol la si do " * 100


@pytest.fixture
def client(tmp_path: Path):
    (tmp_path / "song.css").write_text(TEXT)
    app = FastAPI()
    app.add_middleware(Squeeze)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.add_api_route("/page", lambda: HTMLResponse(TEXT))
    app.add_api_route("/told", lambda: JSONResponse(TEXT), methods=["POST"])
    app.add_api_route("/short", lambda: HTMLResponse("do re mi"))
    app.add_api_route("/sound", lambda: Response(TEXT, media_type="audio/mpeg"))
    app.add_api_route("/lost", lambda: HTMLResponse(TEXT, 404))
    app.add_api_route("/stream", lambda: StreamingResponse(iter([TEXT, TEXT]), media_type="text/html"))
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("takes, coding", [
    ("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None),
    ("", None)])
def test_an_answer_is_as_small_as_the_browser_takes_it(client, takes: str, coding: str | None):
    for path in ("/page", "/static/song.css"):
        answer = client.get(path, headers={"Accept-Encoding": takes})
        assert answer.headers.get("content-encoding") == coding and answer.text == TEXT
        if coding:
            assert int(answer.headers["content-length"]) < 200
            assert answer.headers["vary"] == "Accept-Encoding"
    assert client.post("/told", headers={"Accept-Encoding": takes}).json() == TEXT


def test_what_is_sent_is_what_was_packed(client):
    with client.stream("GET", "/page", headers={"Accept-Encoding": "br"}) as answer:
        assert brotli.decompress(b"".join(answer.iter_raw())).decode() == TEXT
    with client.stream("GET", "/page", headers={"Accept-Encoding": "gzip"}) as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())).decode() == TEXT


@pytest.mark.parametrize("path", ["/short", "/sound", "/lost", "/stream"])
def test_sound_streams_and_trifles_stay_as_they_are(client, path: str):
    assert "content-encoding" not in client.get(path, headers={"Accept-Encoding": "br"}).headers
    assert client.head("/page").status_code in (200, 405)


def test_a_part_of_a_file_is_sent_as_it_is(client):
    part = client.get("/static/song.css", headers={"Accept-Encoding": "br", "Range": "bytes=0-4"})
    assert (part.status_code, part.text) == (206, "do re")


def test_what_has_not_changed_is_not_sent_again(client):
    kept = client.get("/static/song.css", headers={"Accept-Encoding": "br"}).headers["etag"]
    assert kept.startswith('W/"')
    again = client.get("/static/song.css", headers={"Accept-Encoding": "br", "If-None-Match": kept})
    assert again.status_code == 304


def test_what_was_changed_is_sent_anew(client, tmp_path: Path):
    client.get("/static/song.css", headers={"Accept-Encoding": "br"})
    (tmp_path / "song.css").write_text(TEXT.upper() + "!")
    assert client.get("/static/song.css", headers={"Accept-Encoding": "br"}).text == TEXT.upper() + "!"


def test_who_asks_while_an_answer_is_made_smaller_gets_the_same(tmp_path: Path, monkeypatch):
    (tmp_path / "song.css").write_text(TEXT)
    begun, go_on, packed = threading.Event(), threading.Event(), squeeze._squeezed

    def held(*asked) -> bytes:
        assert not begun.is_set(), "it is made smaller once"
        begun.set()
        assert go_on.wait(30)
        return packed(*asked)

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(Squeeze(StaticFiles(directory=tmp_path)))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            asked = [asyncio.create_task(client.get("/song.css", headers={"Accept-Encoding": "br"}))
                     for _ in range(3)]
            await asyncio.to_thread(begun.wait, 30)
            await asyncio.wait(asked, timeout=0.2)
            go_on.set()
            return await asyncio.gather(*asked)

    monkeypatch.setattr(squeeze, "_squeezed", held)
    answers = asyncio.run(ask())
    assert [answer.text for answer in answers] == [TEXT] * 3


def test_modules_come_after_what_they_import(tmp_path: Path):
    (tmp_path / "main.js").write_text('import { a } from "./a.js";\nimport { b } from "./b.js";\na(b);')
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = b;')
    (tmp_path / "b.js").write_text("export const b = 1;")
    data = bundle.modules("page", ["main.js"], tmp_path).data.decode()
    places = [data.index(f'"{name}.js", ') for name in ("b", "a", "main")]
    assert places == sorted(places) and data.count("export const b") == 1
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = a;')
    with pytest.raises(ValueError, match=r"in a circle: main\.js > a\.js > b\.js > a\.js"):
        bundle.modules("page", ["main.js"], tmp_path)


def test_sheets_still_find_their_pictures(tmp_path: Path):
    (tmp_path / "a.css").write_text('a{b:url(c.png)}d{e:url("./f.png")}g{h:url(data:x)}i{j:url(/k.png)}')
    (tmp_path / "b.css").write_text("l{m:n}")
    made = bundle.sheet("page", [tmp_path / "a.css", tmp_path / "b.css"], "/there/")
    assert made.data.decode() == (
        'a{b:url(/there/c.png)}d{e:url("/there/f.png")}g{h:url(data:x)}i{j:url(/k.png)}\nl{m:n}')


def test_a_bundle_lies_where_its_content_says_for_ever():
    one, two = bundle.Bundle("page", "css", b"a{}"), bundle.Bundle("page", "css", b"b{}")
    assert one.path != two.path
    app = FastAPI()
    app.include_router(bundle.router([one, two]))
    answer = TestClient(app).get(two.path)
    assert answer.content == b"b{}" and "immutable" in answer.headers["cache-control"]


def test_the_loaders_own_lists_say_what_a_page_needs():
    scripts, sheets = needed(["slider", "html"])
    assert scripts[0].startswith("index-") and all((assets() / name).is_file() for name in scripts + sheets)
    assert 15 < len(scripts) < len(needed(["slider", "html", "dropdown", "tabs"])[0])
    tags, (theirs,) = opening(["slider", "html"], [])
    assert all(f'modulepreload" crossorigin href="./assets/{name}"' in tags for name in scripts)
    whole = theirs.data.decode()
    assert all((assets() / name).read_text()[:40].partition("url(")[0] in whole for name in sheets)


def test_where_the_loader_has_changed_the_page_does_without():
    assert needed(["no such component"]) == ([], [])
    ours = bundle.Bundle("page", "js", b"")
    assert opening(["no such component"], [ours]) == (ours.tag, [])


def test_a_preface_stands_first_in_the_head_of_the_page_alone():
    app = FastAPI()
    app.add_middleware(Preface, tags=lambda: "<b>")
    app.add_api_route("/", lambda: HTMLResponse("<html><head><i></head><head></html>"))
    app.add_api_route("/other", lambda: HTMLResponse("<head>"))
    client = TestClient(app)
    answer = client.get("/")
    assert answer.text == "<html><head><b><i></head><head></html>"
    assert int(answer.headers["content-length"]) == len(answer.text)
    assert client.get("/other").text == "<head>"


def test_a_preface_stands_in_a_page_that_comes_in_parts():
    parts = [b"<html><he", "ad>é</html>".encode()]
    app = FastAPI()
    app.add_middleware(Preface, tags=lambda: "<b>")
    app.add_api_route("/", lambda: StreamingResponse(iter(parts), media_type="text/html"))
    answer = TestClient(app).get("/")
    assert answer.text == "<html><head><b>é</html>"
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_our_own_modules_can_be_bundled():
    made = bundle.modules("compose", ["player.js", "takes.js", "duel.js"], view.STATIC)
    assert made.data.count(b'.js", ') > 20
