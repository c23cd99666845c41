"""What is too old or too much goes; what EnOS has not got, and who is on hold, stays."""

import dataclasses
import fcntl
import random
import shutil
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.cli.main import se3
from app.config import load_settings
from app.domain.delivery import DeliveryState
from app.domain.events import NewEvent
from app.domain.ids import made_at, new_id
from app.domain.users import Actor
from app.errors import SettingsError
from app.store import counters, events
from app.store.database import Database
from app.store.models import EventRow, OutboxRow, RetentionRunRow
from app.store.queries import quick_counts
from app.store.removal import holds, keeper, retention, runs, space
from app.store.removal.keeper import run
from app.store.removal.retention import SETTLED, Retention
from app.store.removal.slices import Removed
from app.store.writer_files import WriterFiles
from tests.support.people import event_of, rows, store

NOW = datetime.now(UTC)
NEVER = threading.Event()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _without_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_RESTS", 0)
    monkeypatch.setattr(keeper, "_REST_SECONDS", 0)
    monkeypatch.setattr(space, "_REST_SECONDS", 0)


def old(days: float, new: NewEvent) -> NewEvent:
    """The event as if it had come so many days ago."""
    event_id = UUID(int=new.event.id.int - (int(days * 86_400_000) << 80))
    return dataclasses.replace(new, event=dataclasses.replace(new.event, id=event_id, sighting_id=event_id))


def put(database: Database, new: NewEvent, state: DeliveryState = DeliveryState.DELIVERED) -> UUID:
    [event_id] = store(database, new)
    with database.write() as connection:
        connection.execute(update(OutboxRow).where(OutboxRow.event_id == event_id).values(state=state))
        counters.add_deliveries(connection, {state: 1})
    return event_id


def kept(database: Database) -> set[UUID]:
    with database.read() as connection:
        found = set(connection.scalars(select(EventRow.id)))
        assert quick_counts(connection).events == len(found)
    return found


def wanted(
    known: float | None = None,
    strangers: float | None = None,
    most: int | None = None,
    free: int | None = None,
    states: Sequence[DeliveryState] = SETTLED,
) -> Retention:
    ages = (None if days is None else timedelta(days=days) for days in (known, strangers))
    return Retention(next(ages), next(ages), most, free, tuple(states))


EVENT = st.tuples(
    st.integers(0, 40),  # days old
    st.sampled_from([1, 4, None]),  # known, or a stranger
    st.sampled_from(DeliveryState),
    st.sampled_from(["held", "free"]),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seen=st.lists(EVENT, min_size=1, max_size=15),
    known=st.none() | st.integers(1, 40),
    strangers=st.none() | st.integers(1, 40),
    all_states=st.booleans(),
)
def test_what_stays_is_what_nothing_lets_go(
    database: Database, seen: list[Any], known: int | None, strangers: int | None, all_states: bool
) -> None:
    states = tuple(DeliveryState) if all_states else SETTLED
    stays = kept(database)
    run(database, wanted(0.0001, 0.0001, states=tuple(DeliveryState)), NEVER, is_due=False)
    stays = kept(database)  # of who is on hold
    for number, (days, person_type, state, who) in enumerate(seen):
        new = event_of(f"{who} {person_type}", number + int(new_id().int % 10**9), person_type=person_type)
        event_id = put(database, old(days + 0.5, new), state)
        bound = strangers if person_type == 4 else known
        if bound is None or days < bound or who == "held" or state not in states:
            stays.add(event_id)
        with database.write() as connection:
            if who == "held" and holds.of_person(connection, f"{who} {person_type}") is None:
                holds.hold(connection, f"{who} {person_type}", "a lawsuit", Actor("anna"))
    run(database, wanted(known, strangers, states=states), NEVER, is_due=False)
    assert kept(database) == stays
    found = rows(database)
    assert {row["event_id"] for row in found["event_pictures"]} == stays
    assert {row["sha256"] for row in found["pictures"]} == {row["sha256"] for row in found["event_pictures"]}


def test_for_want_of_room_the_oldest_go_and_no_more_than_must(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SLICE", 2)
    ids = [put(database, old(40 - n, big_event(n))) for n in range(30)]
    with database.read() as connection:
        used = space.used_bytes(database, connection)
    removed = run(database, wanted(most=used - 300_000), NEVER, is_due=False)
    assert removed is not None
    left = sorted(kept(database))
    assert left == ids[-len(left) :]
    assert 20 >= len(left) >= 10


def big_event(number: int) -> NewEvent:
    """Of some 30 kB, none of which another event shares."""
    noise = random.Random(number).randbytes(22_000)
    return event_of(f"person {number}", number, spot=noise.hex()[:30_000])


def test_sqlites_file_gets_shorter_and_keeps_some_room(sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as database:
        for number in range(60):
            put(database, old(40, big_event(number)))
        space.flush(database)
        assert database.sqlite_file
        before = database.sqlite_file.stat().st_size
        run(database, wanted(known=30), NEVER, is_due=False)
        space.flush(database)
        after = database.sqlite_file.stat().st_size
        assert after < before * 0.5
        with database.read() as connection:
            pages, free, _ = space._pages(connection)
            assert 0 < free <= pages * space.KEPT_PART
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_run_gives_back_what_others_left_though_nothing_is_to_go(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []
    monkeypatch.setattr(space, "give_back", lambda *_: given_back.append(1))
    with closing(Database(sqlite_url)) as database:
        run(database, wanted(known=1), NEVER, is_due=False)
    assert given_back == [1]


def test_free_room_counts_what_is_free_within_the_file(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a file that can't get shorter the disk never gets emptier: all events would go."""
    with closing(Database(sqlite_url)) as database:
        monkeypatch.setattr(keeper, "SLICE", 2)
        for number in range(30):
            put(database, old(40, big_event(number)))
        fixed = shutil.disk_usage(Path(sqlite_url.removeprefix("sqlite:///")).parent)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: fixed)
        monkeypatch.setattr(space, "_INCREMENTAL", 99)  # as if it were a file of an early version
        free = fixed.free
        run(database, wanted(free=free + 200_000), NEVER, is_due=False)
        first = len(kept(database))
        assert 15 < first < 30
        run(database, wanted(free=free + 200_000), NEVER, is_due=False)
        assert len(kept(database)) == first


def test_only_one_runs_at_a_time_and_no_more_often_than_it_must(database: Database) -> None:
    with database.write() as connection:
        first = runs.begin(connection, is_due=True)
    assert first is not None
    with closing(Database(database.url.render_as_string(hide_password=False))) as other:
        assert run(other, wanted(known=1), NEVER, is_due=False) is None
        with database.write() as connection:
            runs.end(connection, first)
        assert run(other, wanted(known=1), NEVER, is_due=True) is None
        assert run(other, wanted(known=1), NEVER, is_due=False) == Removed()


def test_a_run_that_was_cut_off_is_followed_by_another(database: Database) -> None:
    with database.write() as connection:
        assert runs.begin(connection, is_due=True)
        ago = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(RetentionRunRow).values(began_at=ago, seen_at=ago))
    assert run(database, wanted(known=1), NEVER) == Removed()


def test_what_a_run_has_removed_is_on_record_though_it_is_cut_off(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "SLICE", 2)
    for number in range(5):
        put(database, old(40, event_of("A", number)))
    stop = threading.Event()
    run(database, wanted(known=30), stop, is_due=False, told=lambda _: stop.set())
    with database.read() as connection:
        [found] = runs.listed(connection, 10, with_removals=True)
        assert (found.known, found.pictures) == (2, 2)
        assert counters.value(connection, counters.EXPIRED) == 2
    assert len(kept(database)) == 3


def test_a_delivery_that_is_sent_again_meanwhile_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = put(database, old(40, event_of("A", 1)))

    original = retention.may_go

    def may_go(connection: Any, ids: Any, states: Any) -> Any:
        found = original(connection, ids, states)
        connection.execute(update(OutboxRow).values(state=DeliveryState.PENDING))
        return found

    monkeypatch.setattr(keeper, "may_go", may_go)
    run(database, wanted(known=30), NEVER, is_due=False)
    with database.read() as connection:
        assert events.get(connection, event_id) is not None


def test_a_look_goes_on_behind_what_stays(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_LOOKED_AT", 3)
    for number in range(10):
        put(
            database,
            old(40, event_of("A", number)),
            DeliveryState.PENDING if number < 7 else DeliveryState.DELIVERED,
        )
    run(database, wanted(known=30), NEVER, is_due=False)
    assert len(kept(database)) == 7


def test_free_space_of_postgresql_is_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/se3")
    monkeypatch.setenv("RETENTION_FREE_GB", "5")
    with pytest.raises(SettingsError, match="RETENTION_FREE_GB is for SQLite"):
        load_settings()


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg", ""))
    monkeypatch.setattr("app.cli.retention.stop_on_signals", threading.Event)

    def invoke(*arguments: str, **variables: str) -> Any:
        return CliRunner().invoke(se3, arguments, env=variables)

    return invoke


def test_the_command_tells_what_goes_and_what_went(command: Any, database: Database) -> None:
    put(database, old(40, event_of("A", 1)))
    put(database, old(40, event_of("A", 2)), DeliveryState.PARKED)
    put(database, old(40, event_of("S", 3, person_type=4)))
    days = {"RETENTION_DAYS_KNOWN": "30"}
    before = command("retention", "status", **days)
    assert "EnOS is not set up" in before.output
    assert "known       1 events go; 0 on hold and 1 that EnOS has not got stay" in before.output
    assert "none yet" in before.output
    done = command("retention", "run", **days)
    assert "Done: removed 1 events of known people, 0 of strangers, 1 pictures." in done.output
    after = command("retention", "status", **days)
    assert "known       0 events go" in after.output
    assert "runs that removed anything" not in after.output
    assert len(kept(database)) == 2
    assert "nothing is ever removed" in str(command("retention", "run").exception)


def test_vacuum_gives_all_back_while_everything_runs(command: Any, database: Database) -> None:
    for number in range(40):
        put(database, old(40, big_event(number)))
    run(database, wanted(known=30), NEVER, is_due=False)
    done = command("vacuum")
    assert done.exit_code == 0, done.exception
    if database.sqlite_file:
        with database.read() as connection:
            assert space._pages(connection)[1] == 0


def test_a_file_of_an_early_version_is_written_anew_once(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    with closing(Database(sqlite_url)) as database:
        put(database, big_event(1))
        before = rows(database)
        assert not space.gives_back_by_steps(database)
        with WriterFiles(database).lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a receiver that runs
            assert "stop the receiver" in str(CliRunner().invoke(se3, ["vacuum", "--yes"]).exception)
        assert "--yes" in str(CliRunner().invoke(se3, ["vacuum"]).exception)
        done = CliRunner().invoke(se3, ["vacuum", "--yes"])
        assert done.exit_code == 0, done.exception
        assert space.gives_back_by_steps(database)
        assert rows(database) == before


def test_the_id_of_an_event_tells_how_old_it_is() -> None:
    new = event_of("A", 1)
    assert abs(made_at(old(2, new).event.id) - (made_at(new.event.id) - 2 * DAY)) < timedelta(seconds=1)
