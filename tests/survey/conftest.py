"""Databases to test on: SQLite always, PostgreSQL where SEGUE_TEST_POSTGRES names a server to write to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

import model
from survey.store import Store
from tests.survey.helpers import make_ready, small_study

SERVER = os.environ.get("SEGUE_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", "postgresql"] if SERVER else ["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'segue.db'}"
        return
    schema = f"segue_{uuid4().hex}"
    url = make_url(SERVER).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store that holds the small study, ready to be taken."""
    with Store(database_url) as opened:
        yield make_ready(opened, small_study())


_SOUNDS: dict[str, model.Audio] = {}
_FILES: dict[int, bytes] = {}


@pytest.fixture
def sound_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same music is played and encoded once for all tests that ask for this: that takes most of a build's
    time."""
    play, encode = model.to_audio, model.encode

    def played(score: model.Score, **asked: object) -> model.Audio:
        key = f"{model.roll(score)} {asked}"
        if key not in _SOUNDS:
            _SOUNDS[key] = play(score, **asked)
        return _SOUNDS[key]

    def encoded(audio: model.Audio, kind: str) -> bytes:
        if id(audio) not in _FILES:
            _FILES[id(audio)] = encode(audio, kind)
        return _FILES[id(audio)]

    monkeypatch.setattr(model, "to_audio", played)
    monkeypatch.setattr("model.blind.clips.to_audio", played)
    monkeypatch.setattr(model, "encode", encoded)
