"""The store: studies, their clips and counts, and what is gone after withdrawal and purge."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from survey import database, design
from survey.store import Conflict, NotReady, Store, StoreError, UnknownParticipant, UnknownStudy
from survey.study.study_file import load, parse
from tests.survey.helpers import SMALL, at, built, make_ready, small_study, take

# --- withdrawal and retention -----------------------------------------------------------------------------


def test_withdrawal_deletes_everything_and_only_theirs(store: Store, database_url: str) -> None:
    stays = store.start("small")
    take(store, stays, random.Random(0))
    before = store.dump("small")
    goes = store.start("small")
    take(store, goes, random.Random(1))
    assert store.dump("small") != before
    shown = store.due(stays)
    store.withdraw(goes)
    assert store.dump("small") == before
    assert store.due(stays) == shown
    with pytest.raises(UnknownParticipant):
        store.due(goes)
    engine = database.open_engine(database_url)
    with engine.connect() as connection:
        for table in ("reply", "visit", "answer"):
            owners = connection.execute(text(f"SELECT count(DISTINCT participant_id) FROM {table}")).scalar()
            assert owners == 1, table
        assert connection.execute(text("SELECT count(*) FROM handle")).scalar() == 12
    engine.dispose()


def test_withdrawn_words_are_gone_from_the_files(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        make_ready(store, small_study())
        token, due = at(store, "comment")
        store.answer(token, due.step_id, {"comment": "my-secret-words"})
        found = [path.name for path in tmp_path.iterdir() if b"my-secret-words" in path.read_bytes()]
        assert found
        store.withdraw(token)
        assert not [path.name for path in tmp_path.iterdir() if b"my-secret-words" in path.read_bytes()]


def test_purge_deletes_who_started_before(store: Store) -> None:
    for _ in range(3):
        take(store, store.start("small"), random.Random(0))
    moment = datetime.now(UTC) + timedelta(seconds=1)
    assert store.purge("small", moment - timedelta(days=1)) == 0
    assert store.purge("small", moment) == 3
    assert store.dump("small").participants == [] and store.dump("small").answers == []
    assert store.status("small").state == "ready"
    with pytest.raises(UnknownStudy):
        store.purge("nope", moment)
    with pytest.raises(StoreError, match="time zone"):
        store.purge("small", datetime(2026, 1, 1))


def test_no_column_could_hold_an_address(database_url: str) -> None:
    engine = database.open_engine(database_url)
    names = [
        f"{table}.{column['name']}"
        for table in inspect(engine).get_table_names()
        for column in inspect(engine).get_columns(table)
    ]
    engine.dispose()
    assert len(names) > 50
    assert not [
        name
        for name in names
        if any(part in name.split(".")[1].split("_") for part in ("ip", "email", "agent"))
    ]


# --- studies and clips ------------------------------------------------------------------------------------


def test_a_study_without_its_clips_cannot_be_started(database_url: str) -> None:
    study = small_study()
    with Store(database_url) as store:
        store.register(study)
        specs = store.missing_clips("small")
        assert specs == design.clips(study)
        assert store.status("small").state == "building"
        for number, spec in enumerate(specs):
            assert not store.welcome("small").ready
            with pytest.raises(NotReady, match=f"{number} of 12 clips are built"):
                store.start("small")
            store.add_clip("small", spec, built(spec))
        assert store.missing_clips("small") == []
        assert store.welcome("small").ready
        assert store.built_clips("small") == {spec.id: f"clips/small/{spec.id}.ogg" for spec in specs}
        assert store.start("small")


def test_welcome_writes_nothing(store: Store) -> None:
    welcome = store.welcome("small")
    assert (welcome.title, welcome.consent_text, welcome.ready) == ("A small study", "You agree.", True)
    assert store.status("small").started == 0


def test_unknown_studies(store: Store) -> None:
    calls = (
        store.study,
        store.status,
        store.welcome,
        store.start,
        store.dump,
        store.missing_clips,
        store.built_clips,
    )
    for call in calls:
        for slug in ("nope", "", "' OR 1=1 --", "\x00", "\ud800"):
            with pytest.raises(UnknownStudy, match="There is no study"):
                call(slug)


def test_a_study_may_change_until_somebody_starts(store: Store) -> None:
    store.register(small_study())
    changed = small_study(title="Another")
    store.register(changed)
    assert store.study("small") == changed and store.missing_clips("small") == []
    louder = small_study(seed="8")
    store.register(louder)
    assert {spec.origin for spec in store.missing_clips("small")} == {"ai"}  # human clips have no seed
    for spec in store.missing_clips("small"):
        store.add_clip("small", spec, built(spec))
    token = store.start("small")
    store.register(louder)
    with pytest.raises(Conflict, match="has participants"):
        store.register(changed)
    spec = design.clips(louder)[0]
    store.add_clip("small", spec, built(spec))
    with pytest.raises(Conflict, match="may not change"):
        store.add_clip("small", spec, built(spec, "other audio"))
    with pytest.raises(Conflict, match="no such clip"):
        store.add_clip("small", spec.model_copy(update={"id": "other"}), built(spec))
    assert store.due(token).kind == "consent"


def test_with_another_system_every_clip_is_made_anew(store: Store) -> None:
    compared = parse(SMALL.replace("{temperature: 0.5}", "{temperature: 0.5, system: other}"), "small.yaml")
    store.register(compared)
    assert store.missing_clips("small") == design.clips(compared)


def test_a_clip_keeps_the_seed_that_was_really_used(database_url: str) -> None:
    study = small_study()
    with Store(database_url) as store:
        store.register(study)
        spec = next(spec for spec in design.clips(study) if spec.origin == "ai")
        store.add_clip("small", spec, built(spec))
        assert store.dump("small").stimuli[0]["seed"] == spec.seed
        retried = type(built(spec))(**{**vars(built(spec)), "seed": 2**40})
        store.add_clip("small", spec, retried)
        [clip] = store.dump("small").stimuli
        assert clip["seed"] == 2**40
        assert (clip["temperature"], clip["top_k"], clip["origin"], clip["system"]) == (0.5, 0, "ai", "test")


def test_status_counts_where_people_stopped(store: Store) -> None:
    for steps in (0, 1, 1, 4, None):
        take(store, store.start("small"), random.Random(0), steps=steps)
    status = store.status("small")
    assert (status.started, status.finished) == (5, 1)
    assert status.stopped_at == {"consent": 1, "about_you": 2, "pairs.3": 1}
    assert status.answers == {"pairs": 7, "ratings": 3, "open_ratings": 1}
    assert store.statuses() == [status]


def test_studies_that_ship_can_be_taken(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'segue.db'}") as store:
        for slug in ("published", "default"):
            make_ready(store, load(slug))
            assert take(store, store.start(slug), random.Random(0)).finished
            assert store.status(slug).finished == 1


def test_a_study_of_an_older_version_goes_on_as_it_is(store: Store, database_url: str) -> None:
    """What was stored before the study file grew still is the same study, with the same clips."""
    older = json.loads(small_study().model_dump_json())
    for name in ("languages", "stop", "quotas", "access", "parameters", "completion", "margin", "debrief"):
        del older[name]
    for section in older["sections"]:
        for name in ("per_participant", "practice", "scales", "labels", "prefer_question"):
            section.pop(name, None)
        for grid in section.get("settings", ()):
            del grid["system"]
    take(store, store.start("small"), random.Random(0), steps=3)
    engine = database.open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE study SET definition = :old"), {"old": json.dumps(older)})
        for key, spec in connection.execute(text("SELECT id, spec FROM stimulus")).all():
            kept = json.loads(spec)
            if kept["settings"]:
                del kept["settings"]["system"]
            connection.execute(text("UPDATE stimulus SET spec = :old WHERE id = :key"),
                               {"old": json.dumps(kept), "key": key})
    engine.dispose()
    store.register(small_study())
    assert store.missing_clips("small") == [] and store.study("small") == small_study()
    assert take(store, store.start("small"), random.Random(1)).finished
