"""Upgrades: what each version wrote is still there, and what runs on while others migrate goes on writing."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.config import ROOT
from app.errors import NewerSchema, StoreUnavailable
from app.store import box_hours, events, outbox, pictures, warnings
from app.store.database import Database
from app.store.migration import migrate
from app.store.schema import require_usable, revisions
from tests.support.old_writes import FIRST_EVENT, SCHEMAS, written_by
from tests.support.postgresql import PostgreSQL

Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
"""Of each table, its columns and its rows."""


def values() -> dict[str, Any]:
    """Those of an event, a picture, a refused body and a box of their own."""
    made = uuid4()
    return {
        "id": made.hex,
        "key": made.hex,
        "then": "2026-01-01 00:00:00",
        "json": '{"reg_pic":null}',
        "yes": True,
        "bytes": made.bytes,
    }


def write(connection: Connection, statements: list[str], row: dict[str, Any]) -> None:
    for one in statements:
        statement = text(one)
        connection.execute(statement, {name: row[name] for name in statement.compile().params})


def all_rows(connection: Connection) -> Rows:
    """Columns and rows of each table that a receiver writes to, as the database gives them."""
    found: Rows = {}
    for table in re.findall(r"INTO (\w+)", " ".join(written_by(revisions()[-1]))):
        if connection.dialect.has_table(connection, table):
            result = connection.execute(text(f"SELECT * FROM {table}"))
            found[table] = (list(result.keys()), sorted(map(tuple, result), key=repr))
    return found


def upgrade(database: Database, revision: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")
    with database.rebuild() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    url = f"sqlite:///{tmp_path}/empty.db"
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        name = f"empty_{uuid4().hex}"
        server.create_database(name)
        url = server.url(name).replace("postgresql:", "postgresql+psycopg:")
    with closing(Database(url)) as database:
        yield database


def another(database: Database) -> Database:
    """As another process opens it."""
    return Database(database.url.render_as_string(hide_password=False))


def require_there(database: Database, before: Rows) -> None:
    with database.read() as connection:
        found = all_rows(connection)
    for table, (columns, rows) in before.items():
        now = [found[table][0].index(name) for name in columns]
        assert sorted((tuple(row[i] for i in now) for row in found[table][1]), key=repr) == rows, table


def test_what_the_receiver_of_each_version_wrote_is_there_after_each_upgrade(empty: Database) -> None:
    before: Rows = {}
    wrote = []
    for revision in revisions():
        upgrade(empty, revision)
        require_there(empty, before)
        wrote.append(values())
        with empty.write() as connection:
            write(connection, written_by(revision), wrote[-1])
            before = all_rows(connection)
    with empty.read() as connection:
        for row in wrote:
            event = events.get(connection, UUID(row["id"]))
            assert event
            assert (event.identity_name, event.document) == ("小明", {"reg_pic": None})
            [use] = pictures.uses_of(connection, event.id)
            assert use.picture.content == row["bytes"]


def test_a_receiver_of_any_schema_but_the_first_can_write_to_the_newest(
    database: Database,
) -> None:
    with database.write() as connection:
        for revision in SCHEMAS[1:]:
            row = values()
            write(connection, written_by(revision), row)
            assert events.get(connection, UUID(row["id"]))


def test_what_the_receiver_writes_is_in_the_list_above() -> None:
    """Else nobody would notice a migration that its older self can't live with."""
    listed = " ".join(written_by(revisions()[-1]))
    for statement in (events._INSERT_MISSING, pictures._INSERT_MISSING, pictures._LINK, warnings._INSERT,
                      outbox._INSERT, box_hours._COUNT):  # fmt: skip
        table = statement._model.__tablename__
        [columns] = re.findall(rf"INSERT INTO {table} \(([^)]*)\)", listed)
        assert sorted(re.findall(r"\w+", columns)) == sorted(statement._columns)


def test_a_process_that_runs_goes_on_when_a_newer_version_migrates_and_one_that_starts_does_not(
    database: Database,
) -> None:
    require_usable(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    require_usable(database)
    with closing(another(database)) as other, pytest.raises(NewerSchema):
        require_usable(other)


@pytest.mark.parametrize("empty", ["postgresql"], indirect=True)  # SQLite's readers hold up no writer
def test_a_migration_gives_up_a_table_that_somebody_reads_for_long_rather_than_hold_up_writers(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database._LOCK_SECONDS", 1)
    upgrade(empty, "0001")
    with empty.read() as reader:
        reader.execute(text("SELECT count(*) FROM events"))
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            migrate(empty)
        with (
            closing(Database(empty.url.render_as_string(hide_password=False))) as other,
            other.write() as writer,
        ):
            write(writer, [FIRST_EVENT], values())
    migrate(empty)
