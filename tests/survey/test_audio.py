"""What is noted of a clip that is streamed: chunk by chunk, before it is sent, and each part once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from model.blind.serving import CHUNK_S, Blocks
from survey.store import Busy, ClipFile, UnknownClip
from survey.web.audio import clips_router
from survey.web.limits import Limits

SECONDS = 60.0
CLIP = bytes(range(256)) * 4_000


class FakeStore:
    """Has one clip, and fails to note when told."""

    def __init__(self) -> None:
        self.noted: list[float] = []
        self.fail_at: dict[int, Exception] = {}         # by the number of the call

    def clip(self, handle: str) -> ClipFile:
        if handle != "handle":
            raise UnknownClip("There is no such clip.")
        return ClipFile("clip.mp3", SECONDS)

    def served(self, handle: str, seconds: float) -> None:
        error = self.fail_at.pop(len(self.noted), None)
        if error:
            raise error
        self.noted.append(seconds)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def app(store: FakeStore, tmp_path: Path) -> FastAPI:
    (tmp_path / "clip.mp3").write_bytes(CLIP)
    application = FastAPI()
    application.include_router(clips_router(store, tmp_path, Limits()))
    return application


def fetch(app: FastAPI, *, leave_after: int | None = None, headers: dict[str, str] | None = None,
          method: str = "GET") -> tuple[int, bytes, bool]:
    """Status, the bytes that came, and whether they came to their end; the browser may leave after some
    chunks."""
    async def browser() -> tuple[int, bytes, bool]:
        status, body, ended, left = 0, b"", False, asyncio.Event()
        asked = False

        async def receive() -> dict:
            nonlocal asked
            if asked:
                await left.wait()
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            nonlocal status, body, ended, leave_after
            if message["type"] == "http.response.start":
                status = message["status"]
                return
            body += message["body"]
            ended = not message.get("more_body", False)
            if leave_after is not None:
                leave_after -= 1
                if leave_after == 0:
                    left.set()
                    await asyncio.sleep(0.01)

        raw = [(key.lower().encode(), value.encode()) for key, value in (headers or {}).items()]
        await app({"type": "http", "method": method, "path": "/clips/handle", "raw_path": b"/clips/handle",
                   "query_string": b"", "headers": raw, "client": ("192.0.2.1", 1), "scheme": "http",
                   "server": ("test", 80), "http_version": "1.1", "asgi": {"version": "3.0"},
                   "root_path": ""}, receive, send)
        return status, body, ended

    return asyncio.run(browser())


def test_a_whole_clip_is_noted_in_chunks(app: FastAPI, store: FakeStore) -> None:
    assert fetch(app) == (200, CLIP, True)
    assert sum(store.noted) == pytest.approx(SECONDS, abs=0.1)
    assert max(store.noted) <= CHUNK_S + 0.1
    assert fetch(app) == (200, CLIP, True)
    assert len(store.noted) == pytest.approx(SECONDS / CHUNK_S, abs=1), "it was counted twice"


def test_what_a_browser_did_not_wait_for_is_not_noted(app: FastAPI, store: FakeStore) -> None:
    _, body, ended = fetch(app, leave_after=2)
    assert not ended and len(body) < len(CLIP) / 2
    assert sum(store.noted) <= 3 * CHUNK_S + 0.2        # what was sent, and the chunk that was being noted
    assert fetch(app) == (200, CLIP, True)
    assert sum(store.noted) == pytest.approx(SECONDS, abs=0.2), "the rest is noted when it is fetched"


def test_a_busy_store_is_tried_again(app: FastAPI, store: FakeStore) -> None:
    store.fail_at[0] = Busy("The answer store is busy just now; nothing was lost, please try again.")
    status, body, _ = fetch(app)
    assert (status, store.noted) == (503, []) and b"try again" in body
    assert fetch(app) == (200, CLIP, True)
    assert sum(store.noted) == pytest.approx(SECONDS, abs=0.1)


def test_what_cannot_be_noted_is_not_sent(app: FastAPI, store: FakeStore) -> None:
    store.fail_at[2] = Busy("The answer store is busy just now; nothing was lost, please try again.")
    status, body, ended = fetch(app)
    assert status == 200 and not ended
    assert len(body) / len(CLIP) == pytest.approx(2 * CHUNK_S / SECONDS, abs=0.01)
    rest = fetch(app, headers={"Range": f"bytes={len(body)}-"})
    assert rest == (206, CLIP[len(body):], True)
    assert sum(store.noted) == pytest.approx(SECONDS, abs=0.2)


def test_a_participant_who_withdraws_meanwhile_hears_no_more(app: FastAPI, store: FakeStore) -> None:
    store.fail_at[0] = UnknownClip("There is no such clip.")
    assert fetch(app)[0] == 404


def test_a_head_is_not_heard(app: FastAPI, store: FakeStore) -> None:
    assert fetch(app, method="HEAD") == (200, b"", True)
    assert store.noted == []


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 100)), max_size=12))
def test_every_block_counts_once(ranges: list[tuple[int, int]]) -> None:
    """However the parts of a clip lie, what is new sums up to what they cover."""
    blocks, total, covered = Blocks(), 0, set()
    for first, length in ranges:
        stop = first + length
        with blocks.sending("handle", first * 1024, stop * 1024) as new:
            total += new
        covered |= set(range(first, stop))
    assert total == 1024 * len(covered)


def test_of_many_clips_the_oldest_are_forgotten() -> None:
    blocks = Blocks()
    for number in range(10_001):
        with blocks.sending(str(number), 0, 10) as new:
            assert new == 1024
    with blocks.sending("10000", 0, 10) as new:
        assert new == 0
    with blocks.sending("0", 0, 10) as new:
        assert new == 1024
