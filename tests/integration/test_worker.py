"""The forwarder's loop: it holds its channel, connects with care, and stops in order."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.domain.forwarders import ForwarderState
from app.enos.mapping.mapping import DEFAULT_CHANNEL
from app.errors import ChannelError, StoreUnavailable
from app.forwarder import flights, verdicts
from app.forwarder import lease as lease_module
from app.forwarder import pacing as pacing_module
from app.forwarder import worker as worker_module
from app.forwarder.lease import Lease
from app.forwarder.pacing import ConnectPacer
from app.forwarder.relay import Relay
from app.forwarder.worker import Worker
from app.store import channels, events, outbox
from app.store.database import Database
from app.store.models import ChannelRow
from tests.support.fake_exchange import Answer, FakeExchange
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.relays import all_settled, deliveries, relay_for
from tests.support.waiting import wait_until

leases: list[Lease] = []


class FakeConnection(FakeExchange):
    """A connection that a test can take away."""

    def __init__(self, answer: Answer = lambda _elements: 200) -> None:
        super().__init__(answer)
        self.is_open, self.fault = False, ""
        self.refusal = ""
        self.breaks_off_with_replies = False
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        if self.refusal:
            raise ChannelError(self.refusal)
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def break_off(self) -> None:
        """As a network does."""
        self.fault, self.is_open = "the test broke it", False

    def post(self, payload: bytes) -> bool:
        return self.is_open and super().post(payload)

    def replies(self, timeout: float) -> list[Any]:
        threading.Event().wait(min(timeout, 0.01))  # as the network's thread, it leaves others time
        if self.breaks_off_with_replies and self.is_open and self._replies:
            self.break_off()
            return []
        return super().replies(timeout)


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 3.0)
    monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.3)


@pytest.fixture
def start(database: Database) -> Iterator[Callable[[FakeConnection], threading.Event]]:
    """Starts a worker; gives the event that stops it."""
    with ExitStack() as stack:

        def start_one(connection: FakeConnection) -> threading.Event:
            stop = threading.Event()
            stack.enter_context(running(database, connection, stop))
            return stop

        yield start_one


@contextmanager
def running(database: Database, connection: FakeConnection, stop: threading.Event) -> Iterator[None]:
    lease = Lease(database, DEFAULT_CHANNEL)
    leases.append(lease)
    relay = relay_for(database, connection, forwarder_id=lease.forwarder_id)
    worker = Worker(DEFAULT_CHANNEL, database, lease, connection, relay, ConnectPacer(random.Random(1)))
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def record(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in numbers])


def forwarder_states(database: Database) -> list[tuple[str, str | None]]:
    with database.read() as connection:
        return [(found.state, found.reason) for found in channels.forwarders(connection)]


def test_it_connects_relays_and_says_that_it_is_healthy(database: Database, start: Any) -> None:
    record(database, 1, 2, 3)
    start(FakeConnection())
    wait_until(all_settled(database))
    wait_until(lambda: forwarder_states(database) == [(ForwarderState.HEALTHY, None)])
    with database.write() as connection:
        assert len(channels.connect_ages(connection, DEFAULT_CHANNEL)) == 1


def test_a_standby_touches_nothing_until_it_takes_over_at_once(database: Database, start: Any) -> None:
    first, second = FakeConnection(), FakeConnection()
    stop = start(first)
    wait_until(lambda: first.is_open)
    start(second)
    wait_until(lambda: (ForwarderState.STANDBY, None) in forwarder_states(database))
    assert second.opened == 0
    stop.set()
    wait_until(lambda: second.is_open)
    assert not first.is_open
    record(database, 1)
    wait_until(all_settled(database))
    assert second.sizes == [1]


def test_what_a_dead_forwarder_had_claimed_goes_on_with_the_next(database: Database, start: Any) -> None:
    record(database, 1, 2)
    with database.write() as connection:
        assert len(outbox.claim(connection, DEFAULT_CHANNEL, uuid4(), RECEIVED_AT, 10)) == 2
    assert {row.state for row in deliveries(database)} == {"claimed"}
    start(FakeConnection())
    wait_until(all_settled(database))


def test_a_first_drop_is_mended_at_once_and_costs_no_attempt(database: Database, start: Any) -> None:
    connection = FakeConnection(lambda _: None)
    record(database, 1)
    start(connection)
    wait_until(lambda: connection.messages)
    connection.answer = lambda _: 200  # from the second connection on
    connection.break_off()
    wait_until(all_settled(database))
    assert connection.opened == 2
    assert deliveries(database)[0].attempts == 1


@pytest.mark.parametrize("refusal", ["", "the broker refused the login"])
def test_connects_of_others_count_before_each_of_its_own(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    """EnOS pushed it out for a check, or a person checks what is wrong while it is refused."""
    for name in ("SPACING_SECONDS", "AFTER_FAILURE_SECONDS", "JITTER_SECONDS"):
        monkeypatch.setattr(pacing_module, name, 0.5)
    connection = FakeConnection()
    connection.refusal = refusal
    start(connection)
    wait_until(lambda: connection.opened)
    with database.write() as transaction:
        for _ in range(3):
            channels.note_connect(transaction, DEFAULT_CHANNEL)
    connection.break_off()
    opened = connection.opened
    deadline = time.monotonic() + 2.5
    wait_until(lambda: time.monotonic() > deadline)
    assert connection.opened == opened


def test_after_a_failure_it_waits_and_says_why(database: Database, start: Any) -> None:
    connection = FakeConnection()
    connection.refusal = "the broker refused the login"
    start(connection)
    expected = [(ForwarderState.DISCONNECTED, "the broker refused the login")]
    wait_until(lambda: forwarder_states(database) == expected)
    assert connection.opened == 1


def test_a_pause_closes_the_channel_and_ends_with_one_event(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 3.0)
    connection = FakeConnection(lambda _: 1009)
    record(database, 1, 2, 3)
    start(connection)
    wait_until(lambda: [state for state, _ in forwarder_states(database)] == [ForwarderState.PAUSED])
    assert not connection.is_open
    assert "1009" in str(forwarder_states(database)[0][1])
    wait_until(lambda: {(row.state, row.attempts) for row in deliveries(database)} == {("pending", 0)})
    connection.answer = lambda _: 200
    wait_until(all_settled(database))
    assert connection.sizes == [1, 1, 2]


def test_a_stop_awaits_the_replies_to_what_was_posted(database: Database, start: Any) -> None:
    connection = FakeConnection(lambda _: None)
    record(database, 1)
    stop = start(connection)
    wait_until(lambda: connection.messages)
    stop.set()
    threading.Timer(0.5, connection.reply, (connection.messages[0][0], 200)).start()
    wait_until(all_settled(database))
    wait_until(lambda: not connection.is_open)


def test_a_stop_gives_up_what_stays_unanswered_and_leaves_the_channel(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "STOP_SECONDS", 0.3)
    connection = FakeConnection(lambda _: None)
    record(database, 1)
    stop = start(connection)
    wait_until(lambda: connection.messages)
    stop.set()
    wait_until(lambda: forwarder_states(database) == [])
    assert {(row.state, row.attempts) for row in deliveries(database)} == {("pending", 0)}


def test_a_stop_while_the_database_is_away_is_no_crash(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = FakeConnection(lambda _: None)
    record(database, 1)
    stop = start(connection)
    wait_until(lambda: connection.messages)

    def fail(*_: object) -> int:
        raise StoreUnavailable("the test took it away")

    monkeypatch.setattr(worker_module, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(outbox, "settle", fail)
    stop.set()
    wait_until(lambda: not connection.is_open)
    wait_until(lambda: forwarder_states(database) == [])


def test_a_connection_that_brings_no_replies_is_made_anew(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.1)
    monkeypatch.setattr(verdicts, "MUTE_SECONDS", 0.5)
    monkeypatch.setattr(pacing_module, "AFTER_FAILURE_SECONDS", 0.1)
    monkeypatch.setattr(pacing_module, "JITTER_SECONDS", 0.0)
    connection = FakeConnection(lambda _: None)
    record(database, *range(6))
    start(connection)
    wait_until(lambda: connection.opened == 2)
    connection.answer = lambda _: 200
    wait_until(all_settled(database), 60)


def test_the_connection_is_closed_once_the_lease_lapses_though_the_database_keeps_the_worker_waiting(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = FakeConnection()
    start(connection)
    wait_until(lambda: connection.is_open)
    came_back = threading.Event()
    called = threading.Event()

    def wait_for_database(*_: object) -> bool:
        called.set()
        came_back.wait(30)
        raise StoreUnavailable("the test took it away")

    with monkeypatch.context() as away:
        away.setattr(outbox, "anything_due", wait_for_database)
        away.setattr(channels, "beat", wait_for_database)
        wait_until(called.is_set)
        wait_until(lambda: not connection.is_open)
        with database.read() as transaction:
            assert channels.holder_of(transaction, DEFAULT_CHANNEL), "too late: another may hold it by now"
        assert not came_back.is_set()
    came_back.set()
    record(database, 1)
    wait_until(all_settled(database), 30)
    assert connection.opened == 2


def test_who_took_over_too_slowly_frees_nothing_of_the_next_holder(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stalls between its first beat and the release, until another holds the channel."""
    write, lost = Relay.write, threading.Event()
    record(database, 1)

    def stall_and_write(relay: Relay) -> None:
        if leases[-1].is_held and not lost.is_set():  # not while it stands by, before its first beat
            next_holder = {"holder": uuid4(), "lease_until": datetime.now(UTC) + timedelta(seconds=30)}
            with database.write() as connection:
                connection.execute(update(ChannelRow).values(next_holder))
                assert outbox.claim(connection, DEFAULT_CHANNEL, uuid4(), RECEIVED_AT, 10)
            lost.set()
        write(relay)

    monkeypatch.setattr(Relay, "write", stall_and_write)
    connection = FakeConnection()
    start(connection)
    wait_until(lost.is_set)
    lease = leases[-1]
    wait_until(lambda: not lease.is_held)
    assert [row.state for row in deliveries(database)] == ["claimed"]
    assert not connection.opened


def test_replies_that_came_before_the_connection_ended_count(database: Database, start: Any) -> None:
    connection = FakeConnection()
    connection.breaks_off_with_replies = True
    record(database, 1)
    start(connection)
    wait_until(all_settled(database))
    assert [(row.state, row.attempts) for row in deliveries(database)] == [("delivered", 1)]
    assert connection.sizes == [1]


def test_who_shuts_the_channel_out_and_hangs_up_pauses_it(database: Database, start: Any) -> None:
    connection = FakeConnection(lambda _: 402)
    connection.breaks_off_with_replies = True
    record(database, 1)
    start(connection)
    wait_until(lambda: connection.messages)
    wait_until(lambda: [state for state, _ in forwarder_states(database)] == [ForwarderState.PAUSED])
    assert connection.opened == 1


def test_a_worker_that_hangs_loses_its_channel_and_gets_it_back(
    database: Database, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "HUNG_SECONDS", 1.0)
    first, second, ended = FakeConnection(), FakeConnection(), threading.Event()
    start(first)
    wait_until(lambda: first.is_open)
    step = first.replies
    first.replies = lambda timeout: [] if ended.wait(30) else step(timeout)  # type: ignore[method-assign]
    start(second)
    wait_until(lambda: second.is_open)
    assert not first.is_open
    ended.set()
    wait_until(lambda: (ForwarderState.STANDBY, None) in forwarder_states(database))


def test_faults_of_enos_show_in_the_state(database: Database, start: Any) -> None:
    connection = FakeConnection(lambda _: 1274)
    record(database, 1)
    start(connection)
    wait_until(lambda: [state for state, _ in forwarder_states(database)] == [ForwarderState.FAILING])
    assert "1274" in str(forwarder_states(database)[0][1])


def test_a_lease_that_was_lost_and_got_again_unseen_frees_what_others_claimed(
    database: Database, start: Any
) -> None:
    connection = FakeConnection()
    start(connection)
    wait_until(lambda: connection.is_open)
    record(database, 1)
    wait_until(all_settled(database))
    lease = leases[-1]
    lease._held_until = 0.0  # as though it had lapsed before the last beat
    wait_until(lambda: lease.term == 2)
    wait_until(lambda: connection.opened == 2, 30)
