"""The store keeps what it says it keeps."""

import fcntl
import threading
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError

from app.domain.events import Arrival, Kind, Recorded
from app.domain.refusals import Refusal
from app.errors import NotStored, StoreUnavailable, WrongSchema
from app.store import batches, events
from app.store.database import Database
from app.store.migration import migrate
from app.store.models import Base
from app.store.queries import counts
from app.store.schema import require_current
from app.store.writer import Writer
from tests.support.new_events import BOUNDS, RECEIVED_AT, new_event


def test_migrations_make_what_the_models_say(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        events.record(connection, [new_event()])
    migrate(database)
    with database.read() as connection:
        assert counts(connection).events == 1


def test_a_database_without_tables_is_told_from_a_ready_one(database: Database, tmp_path: Path) -> None:
    require_current(database)
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with closing(empty), pytest.raises(StoreUnavailable, match="se3 migrate"):
        require_current(empty)


def test_commits_are_durable_and_sqlite_enforces_references(database: Database) -> None:
    with database.read() as connection:
        if database.sqlite_file:
            values = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "journal_mode", "foreign_keys")
            }
            assert values == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_what_is_read_together_is_of_one_moment(database: Database) -> None:
    with database.read() as connection:
        assert counts(connection).events == 0
        with database.write() as other:
            events.record(other, [new_event()])
        assert counts(connection).events == 0


def test_an_event_and_its_outbox_row_come_together_or_not_at_all(database: Database) -> None:
    def fail_midway() -> None:
        with database.write() as connection:
            events.record(connection, [new_event()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_midway()
    with database.read() as connection:
        assert counts(connection).events == 0
        assert counts(connection).outbox["pending"] == 0
        assert counts(connection).pictures == 0


def test_twins_in_one_batch_are_stored_once(database: Database) -> None:
    twins = [new_event(1), new_event(2), new_event(1), new_event(1, kind=Kind.REALTIME)]
    with database.write() as connection:
        recorded = events.record(connection, twins)
    assert [r.duplicate for r in recorded] == [False, False, True, False]
    assert recorded[0].id == recorded[2].id
    with database.read() as connection:
        assert counts(connection).events == 3
        assert counts(connection).outbox["pending"] == 3


def test_threads_that_record_the_same_events_agree(database: Database) -> None:
    writers = [Writer(database, BOUNDS) for _ in range(3)]
    results: list[list[Recorded]] = [[] for _ in range(6)]

    def record(index: int) -> None:
        for number in range(20):
            results[index] += writers[index % 3].record([new_event(number)])

    threads = [threading.Thread(target=record, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [[recorded.id for recorded in result] for result in results]
    assert all(row == ids[0] for row in ids)
    assert sum(not recorded.duplicate for result in results for recorded in result) == 20
    with database.read() as connection:
        assert counts(connection).events == 20


def test_one_event_that_the_database_refuses_leaves_the_others_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = new_event(13)
    record_all = events.record

    def refuse_poison(connection: object, new_events: list[object]) -> object:
        if poison in new_events:
            raise DataError("INSERT", {}, Exception("out of range"))
        return record_all(connection, new_events)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(events, "record", refuse_poison)
    writer = Writer(database, BOUNDS)
    outcomes: dict[int, UUID | str] = {}

    def record(number: int) -> None:
        try:
            outcomes[number] = writer.record([poison if number == 13 else new_event(number)])[0].id
        except NotStored as error:
            outcomes[number] = str(error)

    with database.write():  # so that all of them wait for one transaction
        threads = [threading.Thread(target=record, args=(number,)) for number in range(10, 16)]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.pop(13) == "the database refuses it: DataError"
    assert all(isinstance(outcome, UUID) for outcome in outcomes.values())


def test_turns_are_taken_by_the_file_that_has_the_name_now(tmp_path: Path, sqlite_url: str) -> None:
    turn = tmp_path / "se3.db.turn"
    with closing(Database(sqlite_url)) as one, closing(Database(sqlite_url)) as other:
        for database in (one, other):
            with database.write():
                assert turn.exists()
        turn.unlink()
        for database in (one, other):
            with database.write():
                assert not is_free(turn)
            assert is_free(turn)


def is_free(turn: Path) -> bool:
    """Whether it is nobody's turn."""
    with turn.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_database_file_that_was_moved_away_takes_no_more_events(tmp_path: Path, sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as database:
        writer = Writer(database, BOUNDS)
        writer.record([new_event(1)])
        file = tmp_path / "se3.db"
        file.rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreUnavailable, match="gone"):
            writer.record([new_event(2)])
        with pytest.raises(StoreUnavailable, match="gone"), database.read():
            pass
        (tmp_path / "elsewhere.db").rename(file)
        writer.record([new_event(2)])
        with database.read() as connection:
            assert counts(connection).events == 2


def test_a_reader_notices_a_database_that_was_replaced(tmp_path: Path, sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as reader, closing(Database(sqlite_url)) as other:
        with reader.read() as connection:
            assert counts(connection).events == 0
        (tmp_path / "se3.db").unlink()
        migrate(other)
        with other.write() as connection:
            events.record(connection, [new_event()])
        with reader.read() as connection:
            assert counts(connection).events == 1


def test_a_newer_schema_is_told_from_an_older_one(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongSchema, match="newer version"):
        require_current(database)
    with pytest.raises(WrongSchema, match="can't be migrated"):
        migrate(database)


def test_an_error_of_the_database_quotes_no_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.write() as connection:
        connection.execute(text("INSERT INTO pictures (sha256) VALUES (:face)"), {"face": b"secret face"})
    assert "secret face" not in str(raised.value)


def test_a_prune_that_fails_stops_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "prune", lambda *_: 1 / 0)
    writer = Writer(database, BOUNDS)
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    for number in range(3):
        writer.keep(Refusal(arrival, "POST", "", 400, "unreadable", [], b"%d" % number))
    assert writer.record([new_event()])[0].duplicate is False
    writer.close()


def test_a_store_that_is_away_is_no_acknowledgement(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no-tables.db")
    with closing(database), pytest.raises(StoreUnavailable):
        Writer(database, BOUNDS).record([new_event()])
