"""A long outbox costs no more than a short one: what was delivered is neither read nor counted again."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy import event as sqlalchemy_event

from app.domain.delivery import DeliveryState
from app.forwarder.results import Results
from app.store import backlogs, causes, deliveries, events, outbox, outbox_tools
from app.store.database import Database
from app.store.event_parts import parts_of
from app.store.models import OutboxRow
from app.store.outbox_tools import Selection
from app.store.queries import counts
from app.store.settlements import Claimed, Settlement
from tests.support.new_events import RECEIVED_AT, new_event

NOW = RECEIVED_AT + timedelta(seconds=5)
DELIVERED = 30_000
FILL = """\
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
INSERT INTO events (id, sighting_id, kind, route, source_address, received_at, occurred_at, timestamp,
  identity_id, document, typed, fingerprint)
SELECT {uuid}, {uuid}, 'history', '/', '', '2026-01-01', '2026-01-01', '1', '1', '{{}}', {true}, {bytes}
FROM numbers"""
DELIVER = """\
INSERT INTO outbox (event_id, channel, state, due_at, attempts, code, settled_at)
SELECT id, 'enos', 'delivered', '1970-01-01', 1, 200, '2026-01-01' FROM events WHERE source_address = ''"""
SQLITE = {"uuid": "printf('%032x', n)", "true": "1", "bytes": "CAST(n AS blob)"}
POSTGRESQL = {"uuid": "lpad(to_hex(n), 32, '0')::uuid", "true": "true", "bytes": "n::text::bytea"}


def record(database: Database, first: int, count: int = 20) -> None:
    numbers = range(first, first + count)
    while some := numbers[:500]:
        numbers = numbers[500:]
        with database.write() as connection:
            events.record(connection, [new_event(number) for number in some])


def deliver_many(database: Database, count: int = DELIVERED) -> None:
    """As though so many events had been delivered."""
    dialect = SQLITE if database.sqlite_file else POSTGRESQL
    with database.write() as connection:
        connection.exec_driver_sql(FILL.format(count=count, **dialect))
        connection.exec_driver_sql(DELIVER)
        connection.exec_driver_sql("ANALYZE outbox" if not database.sqlite_file else "SELECT 1")


def settle(connection: Connection, rows: list[Claimed], state: DeliveryState) -> None:
    outbox.settle(connection, [Settlement(row, state, 1, NOW, 200) for row in rows], NOW)


def claim_and_settle(connection: Connection) -> None:
    """All that is done for ten events, and two more of which it is not known whether they were claimed."""
    token = uuid4()
    assert outbox.anything_due(connection, "enos", NOW)
    assert len(outbox.claim(connection, "enos", token, NOW, 2)) == 2
    outbox.free(connection, token)
    rows = outbox.claim(connection, "enos", token, NOW, 10)
    assert len(parts_of(connection, rows, {"kind"})) == 10
    settle(connection, rows, DeliveryState.DELIVERED)


def take_over(connection: Connection) -> None:
    rows = outbox.claim(connection, "enos", uuid4(), NOW, 2)
    outbox.hand_over(connection, {rows[0]: "north"})
    outbox.route_anew(connection, outbox.strays(connection, ["south"], 10))
    outbox.release(connection, "enos")


def stop_some(connection: Connection) -> None:
    states = (DeliveryState.PARKED, DeliveryState.SKIPPED)
    for row, state in zip(outbox.claim(connection, "enos", uuid4(), NOW, 2), states, strict=True):
        settle(connection, [row], state)


def look_at_what_stopped(connection: Connection) -> None:
    for state in (DeliveryState.PARKED, DeliveryState.SKIPPED, DeliveryState.DROPPED):
        deliveries.listed(connection, state, 20)
        outbox_tools.chosen(connection, Selection((state,)))
        for one in causes.causes(connection, state).stopped:
            causes.of_cause(connection, state, one.cause)


def count(connection: Connection) -> None:
    counts(connection)
    backlogs.backlogs(connection)


WORK = [claim_and_settle, take_over, stop_some, look_at_what_stopped, count]


@contextmanager
def visits(database: Database, connection: Connection) -> Iterator[Callable[[], int]]:
    """Gives how much the database had to do since: instructions of SQLite, rows that PostgreSQL read."""
    if not database.sqlite_file:
        query = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"
        before: int = connection.exec_driver_sql(query).scalar_one()
        yield lambda: connection.exec_driver_sql(query).scalar_one() - before
        return
    done = 0

    def step() -> int:
        nonlocal done
        done += 1
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(step, 1)
    yield lambda: done
    driver.set_progress_handler(None, 1)


def measure(database: Database, work: Callable[[Connection], None]) -> int:
    with database.write() as connection, visits(database, connection) as done:
        work(connection)
        return done()


@pytest.mark.parametrize("work", WORK)
def test_tens_of_thousands_of_delivered_rows_cost_nothing(
    database: Database, work: Callable[[Connection], None]
) -> None:
    record(database, 0)
    alone = measure(database, work)
    deliver_many(database)
    record(database, 100, 20)
    beside_many = measure(database, work)
    assert beside_many <= 2 * alone + 100


def test_a_long_backlog_is_claimed_and_settled_as_fast_as_a_short_one(database: Database) -> None:
    record(database, 0)
    alone = measure(database, claim_and_settle)
    record(database, 100, 3000)
    assert measure(database, claim_and_settle) <= 2 * alone + 100


@contextmanager
def statements(connection: Connection | Engine) -> Iterator[list[tuple[str, Any]]]:
    """Those that are executed, with their parameters."""
    executed: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        executed.append((text, parameters[0] if many else parameters))

    sqlalchemy_event.listen(connection, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        sqlalchemy_event.remove(connection, "before_cursor_execute", note)


def plan_of(database: Database, connection: Connection, text: str, parameters: Any) -> str:
    explain = "EXPLAIN QUERY PLAN" if database.sqlite_file else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{explain} {text}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def goes_astray(text: str, plan: str) -> bool:
    """Whether a statement reads the outbox from end to end, or much of an index though it names the ids."""
    is_partial = r"(?! USING (COVERING )?INDEX ix_outbox_(pending|claimed|stopped))"
    if re.search(rf"SCAN outbox\b{is_partial}|Seq Scan on outbox", plan):
        return True
    names_ids = re.search(r"outbox\.id (= |IN |= ANY )\(?(SELECT anon|%|\?)", text)
    return bool(names_ids) and not re.search(
        r"PRIMARY KEY|Scan using pk_outbox|Index Scan on pk_outbox", plan
    )


@pytest.mark.parametrize("work", WORK)
def test_every_statement_finds_its_rows_by_an_index(
    database: Database, work: Callable[[Connection], None]
) -> None:
    record(database, 0)
    deliver_many(database, 20_000)
    record(database, 100, 20)
    with database.write() as connection:
        with statements(connection) as executed:
            work(connection)
        plans = {
            text: plan_of(database, connection, text, parameters)
            for text, parameters in executed
            if "outbox" in text
        }
    assert plans
    assert {text: plan for text, plan in plans.items() if goes_astray(text, plan)} == {}


def states(connection: Connection) -> dict[str, int]:
    """What the table holds, one by one."""
    query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
    return {state: number for state, number in connection.execute(query)}  # noqa: C416 - rows are no pairs


def test_the_counts_stay_right_whatever_happens_to_deliveries(database: Database) -> None:
    record(database, 0, 30)
    token = uuid4()

    def check(connection: Connection) -> None:
        found = counts(connection)
        assert {state: number for state, number in found.outbox.items() if number} == states(connection)
        assert found.events == 30

    def claimed(number: int) -> list[Claimed]:
        return outbox.claim(connection, "enos", token, NOW, number)

    with database.write() as connection:
        for state in DeliveryState:
            if state is not DeliveryState.CLAIMED:
                settle(connection, rows := claimed(4), state)
                settle(connection, rows, state)  # the second time it is not ours any more
                check(connection)
        late, other = rows = claimed(2)
        settle(connection, rows, DeliveryState.PENDING)
        settle(connection, [late], DeliveryState.DELIVERED)
        check(connection)
        ids = [row.id for row in (late, other)]
        assert outbox_tools.send_again(connection, ids, outbox_tools.REPLAYED) == 1
        check(connection)
        everything = list(connection.scalars(select(OutboxRow.id)))
        outbox_tools.drop(connection, everything, outbox_tools.DROPPED, "the test", NOW)
        check(connection)
        outbox_tools.send_again(connection, everything, outbox_tools.RETRIED)
        check(connection)
        outbox_tools.send_again(connection, everything, outbox_tools.REPLAYED)
        check(connection)
        assert counts(connection).outbox[DeliveryState.PENDING] == 30


def test_rows_that_fare_alike_are_written_by_one_statement(database: Database) -> None:
    record(database, 0, 90)
    results = Results(database, random.Random(1))
    with database.write() as connection:
        rows = outbox.claim(connection, "enos", uuid4(), NOW, 90)
    results.failed(rows[:30], 500, "it is full")
    for row in rows[30:60]:
        results.skipped(row, "ENOS_EVENTS is history", "enos")
    for row in rows[60:]:
        results.stray(row, "north")
    with statements(database.engine) as executed:
        results.write()
    assert sum(text.startswith("UPDATE outbox") for text, _ in executed) == 3
    with database.read() as connection:
        assert counts(connection).outbox == dict.fromkeys(DeliveryState, 0) | {
            DeliveryState.PENDING: 60,
            DeliveryState.SKIPPED: 30,
        }
