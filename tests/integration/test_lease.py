"""One forwarder holds a channel; another takes it over; both say how they are."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from app.domain.forwarders import Forwarder, ForwarderState, as_of
from app.domain.ids import new_id
from app.errors import StoreUnavailable
from app.forwarder import lease as lease_module
from app.forwarder.lease import LEASE_SECONDS, Lease
from app.store import channels, clock, events, outbox
from app.store.database import Database
from app.store.models import ChannelConnectRow, ChannelRow, ForwarderRow, OutboxRow
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.waiting import wait_until

LEASE = timedelta(seconds=60)


def forwarder(channel: str = "enos") -> Forwarder:
    return Forwarder(
        new_id(), channel, "host", 1, RECEIVED_AT, RECEIVED_AT, ForwarderState.STANDBY, None, RECEIVED_AT
    )


def beat(database: Database, who: Forwarder, lease: timedelta = LEASE) -> float:
    with database.write() as connection:
        return channels.beat(connection, who, lease)


def leave(database: Database, who: Forwarder) -> None:
    with database.write() as connection:
        channels.leave(connection, who.id)


def known(database: Database) -> list[Forwarder]:
    with database.read() as connection:
        return channels.forwarders(connection)


def test_one_holds_a_channel_and_each_channel_has_its_own(database: Database) -> None:
    first, second, other = forwarder(), forwarder(), forwarder("north")
    assert beat(database, first) == 0
    assert 59 < beat(database, second) <= 60
    assert beat(database, first) == 0
    assert beat(database, other) == 0
    with database.read() as connection:
        holder = channels.holder_of(connection, "enos")
        assert holder
        assert holder.id == first.id


def test_whoever_stops_within_a_transaction_holds_up_a_takeover_for_less_than_the_lease_lasts(
    postgresql_url: str,
) -> None:
    """A process that was stopped, or that the network cut off, keeps its locks: its server hears nothing."""
    dead, second = forwarder(), forwarder()
    took = 0.0
    with ExitStack() as stack:
        stopped, database = (stack.enter_context(closing(Database(postgresql_url))) for _ in range(2))
        beat(database, dead, timedelta(0))
        stack.enter_context(pytest.raises(StoreUnavailable, match="idle-in-transaction"))
        with stopped.write() as connection:
            channels.lock(connection, "enos")
            began = time.monotonic()
            assert beat(database, second) == 0
            took = time.monotonic() - began
    assert took < LEASE_SECONDS


def test_no_statement_keeps_postgresql_from_ending_what_is_left_idle(postgresql_url: str) -> None:
    """Where psycopg makes a pipeline of many executions, the server's time for that is switched off."""
    rows = [{"name": "north"}, {"name": "south"}]
    with closing(Database(postgresql_url)) as database, database.write() as connection:
        with pytest.raises(NotImplementedError, match="one statement for all"):
            connection.execute(insert(ChannelRow), rows)
        connection.execute(insert(ChannelRow).values(rows))


def test_a_channel_is_taken_over_once_the_lease_has_ended_or_was_given_up(database: Database) -> None:
    dead, second, third = forwarder(), forwarder(), forwarder()
    beat(database, dead, timedelta(0))
    assert beat(database, second) == 0
    assert beat(database, dead) > 0
    leave(database, second)
    assert beat(database, third) == 0
    assert {found.id for found in known(database)} == {dead.id, third.id}


def test_who_leaves_without_holding_frees_nothing(database: Database) -> None:
    holder, standby = forwarder(), forwarder()
    beat(database, holder)
    beat(database, standby)
    leave(database, standby)
    assert beat(database, forwarder()) > 0


def test_a_forwarder_without_a_heartbeat_is_dead_until_another_has_its_work(database: Database) -> None:
    first, second = forwarder(), forwarder()
    beat(database, first)
    (found,) = known(database)
    later = found.heartbeat_at + timedelta(seconds=11)
    assert [one.state for one in as_of([found], found.heartbeat_at)] == [ForwarderState.STANDBY]
    [dead] = as_of([found], later)
    assert (dead.state, dead.state_since) == (ForwarderState.DEAD, found.heartbeat_at)
    alive = replace(second, heartbeat_at=later)
    assert as_of([found, alive], later) == [alive]
    both_dead = as_of([found, alive], later + timedelta(seconds=11))
    assert [(one.id, one.state) for one in both_dead] == [(second.id, ForwarderState.DEAD)]


def test_a_lease_of_a_clock_that_was_ahead_locks_nobody_out(database: Database) -> None:
    beat(database, forwarder(), timedelta(days=1))
    assert beat(database, forwarder()) == 0


def test_nor_does_what_is_to_be_tried_again_wait_for_it(database: Database) -> None:
    with database.write() as connection:
        events.record(connection, [new_event()])
        ahead = clock.now(connection) + timedelta(hours=1)
        connection.execute(update(OutboxRow).values(channel="enos", due_at=ahead))
    beat(database, forwarder())
    with database.read() as connection:
        assert outbox.anything_due(connection, "enos", clock.now(connection))


def test_connects_of_a_clock_that_was_ahead_do_not_count(database: Database) -> None:
    with database.write() as connection:
        channels.note_connect(connection, "enos")
        connection.execute(update(ChannelConnectRow).values(at=clock.now(connection) + timedelta(days=1)))
        assert channels.connect_ages(connection, "enos") == []


def test_who_takes_a_channel_over_forgets_the_dead_that_had_it(database: Database) -> None:
    dead, second = forwarder(), forwarder()
    beat(database, dead, timedelta(0))
    with database.write() as connection:
        connection.execute(
            update(ForwarderRow).values(heartbeat_at=clock.now(connection) - timedelta(seconds=11))
        )
    beat(database, second)
    assert [found.id for found in known(database)] == [second.id]


def test_connects_are_remembered_whoever_made_them(database: Database) -> None:
    with database.write() as connection:
        channels.note_connect(connection, "enos")
        channels.note_connect(connection, "north")
        channels.note_connect(connection, "enos")
        ages = channels.connect_ages(connection, "enos")
    assert len(ages) == 2
    assert all(0 <= age < 10 for age in ages)


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.2)
    with ExitStack() as stack:
        yield stack


def test_a_standby_takes_over_when_the_holder_ends(database: Database, leases: ExitStack) -> None:
    holder = leases.enter_context(first := ExitStack())
    lease = first.enter_context(Lease(database, "enos"))
    wait_until(lambda: lease.is_held)
    standby = leases.enter_context(Lease(database, "enos"))
    wait_until(lambda: len(known(database)) == 2)
    assert not standby.is_held
    holder.close()
    assert not lease.is_held
    wait_until(lambda: standby.is_held)
    assert len(known(database)) == 1


def test_a_holder_that_can_not_reach_the_database_gives_up_in_time(
    database: Database, leases: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = leases.enter_context(Lease(database, "enos"))
    wait_until(lambda: lease.is_held)

    def fail(*_: object) -> float:
        raise StoreUnavailable("the test took it away")

    with monkeypatch.context() as away:
        away.setattr(channels, "beat", fail)
        wait_until(lambda: not lease.is_held)
        assert beat_by_other_is_refused(database)
    wait_until(lambda: lease.is_held)


def beat_by_other_is_refused(database: Database) -> bool:
    """Whether the lease still stands in the database: it was given up before another could take it."""
    with database.read() as connection:
        return channels.holder_of(connection, "enos") is not None


def test_what_a_forwarder_says_of_itself_is_stored(database: Database, leases: ExitStack) -> None:
    lease = leases.enter_context(Lease(database, "enos"))
    began = datetime.now(UTC)
    lease.report(ForwarderState.PAUSED, "1009: no permission")
    wait_until(lambda: [(f.state, f.reason) for f in known(database)] == [("paused", "1009: no permission")])
    [paused] = known(database)
    assert began <= paused.state_since <= datetime.now(UTC)
    lease.report(ForwarderState.PAUSED, "1009: still none")
    wait_until(lambda: [f.reason for f in known(database)] == ["1009: still none"])
    assert known(database)[0].state_since == paused.state_since


def test_a_heartbeat_that_fails_ends_the_forwarder(
    database: Database, leases: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "beat", lambda *_: 1 / 0)
    lease = leases.enter_context(Lease(database, "enos"))

    def raises() -> bool:
        try:
            return lease.is_held
        except ZeroDivisionError:
            return True

    wait_until(raises)
