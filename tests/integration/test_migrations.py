"""A database of an earlier version keeps what it holds when it is migrated."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from app.config import ROOT
from app.store import deliveries, events, pictures
from app.store.database import Database
from app.store.migration import migrate
from app.store.models import Base
from app.store.queries import counts
from app.store.schema import require_current, revisions
from tests.support.postgresql import PostgreSQL

EVENT_ID = UUID("01a2016460617659a9260b4f039245e7")
FIRST_ROWS = [
    "INSERT INTO events (id, kind, route, source_address, received_at, occurred_at, timestamp, identity_id,"
    " identity_name, group_name, score, document, typed, fingerprint)"
    " VALUES (:id, 'history', '/HistoryEvent', '192.0.2.7', :then, :then,"
    " '1', '7', '小明', 'g', 0.5, :document, :yes, :bytes)",
    "INSERT INTO pictures (sha256, media_type, size, content) VALUES (:bytes, 'image/jpeg', 2, :bytes)",
    "INSERT INTO event_pictures (event_id, position, pointer, field, prefix, sha256) VALUES"
    " (:id, 0, '/reg_pic', 'reg_pic', '', :bytes)",
    "INSERT INTO outbox (event_id, state, due_at, attempts) VALUES (:id, 'pending', :then, 0)",
]
VALUES = {
    "id": EVENT_ID.hex,
    "then": "2026-01-01 00:00:00",
    "document": '{"reg_pic":null}',
    "yes": True,
    "bytes": b"\xff\xd8",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def first_version(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the first schema and an event in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/first.db"
    else:
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        name = f"first_{tmp_path.parent.name.replace('-', '_')}_{id(request)}"
        server.create_database(name)
        url = server.url(name).replace("postgresql:", "postgresql+psycopg:")
    with closing(Database(url)) as database:
        config = Config(toml_file=ROOT / "pyproject.toml")
        with database.rebuild() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            for row in FIRST_ROWS:
                statement = text(row)
                connection.execute(statement, {name: VALUES[name] for name in statement.compile().params})
        yield database


def test_an_event_of_the_first_version_is_still_there(first_version: Database) -> None:
    migrate(first_version)
    require_current(first_version)
    with first_version.read() as connection:
        event = events.get(connection, EVENT_ID)
        [use] = pictures.uses_of(connection, EVENT_ID)
        [delivery] = deliveries.listed(connection, None, 10)
        if first_version.sqlite_file:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert event is not None
    assert (event.sighting_id, event.identity_name, event.score) == (EVENT_ID, "小明", 0.5)
    assert (use.pointer, use.picture.content) == ("/reg_pic", b"\xff\xd8")
    assert delivery.event_id == EVENT_ID


def test_what_was_delivered_before_is_counted(first_version: Database) -> None:
    with first_version.write() as connection:
        connection.execute(text("UPDATE outbox SET state = 'delivered', settled_at = due_at"))
    migrate(first_version)
    with first_version.read() as connection:
        found = counts(connection)
    assert (found.events, found.outbox["delivered"], found.waiting) == (1, 1, 0)


def test_every_step_can_be_taken_back(first_version: Database) -> None:
    migrate(first_version)
    config = Config(toml_file=ROOT / "pyproject.toml")
    with first_version.rebuild() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert connection.execute(text("SELECT identity_name FROM events")).scalar_one() == "小明"
    migrate(first_version)
    with first_version.read() as connection:
        assert events.get(connection, EVENT_ID) is not None


def test_a_start_on_a_current_database_looks_at_none_of_its_rows(database: Database) -> None:
    executed: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        executed.append(statement)

    sqlalchemy_event.listen(database.engine, "before_cursor_execute", note)
    assert migrate(database) == revisions()[-1]
    assert executed
    tables = "|".join(Base.metadata.tables)
    assert not [one for one in executed if "foreign_key_check" in one or re.search(rf"\b({tables})\b", one)]
