"""What a settle leaves beside the row: attempts that failed, and how many fared how in which period."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from app.domain.delivery import DeliveryState
from app.domain.ids import made_at
from app.domain.throughput import BOUNDS_MS, PERIOD, Outcome, Throughput, beginning, by_bound, by_period
from app.domain.times import EPOCH
from app.store import counters, delivery_counts, events, outbox, outbox_tools
from app.store.database import Database
from app.store.deliveries import Attempt, attempts_of
from app.store.delivery_attempts import MOST_KEPT
from app.store.models import DeliveryAttemptRow
from app.store.settlements import Claimed, Settlement
from tests.support.new_events import new_event

NOW = datetime.now(UTC)
ALWAYS = EPOCH


def record(database: Database, count: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(count)])


def claim(connection: Connection, count: int) -> list[Claimed]:
    return outbox.claim(connection, "enos", uuid4(), datetime.now(UTC) + timedelta(days=1), count)


def settle(
    connection: Connection, row: Claimed, state: DeliveryState, reason: str | None = None, now: datetime = NOW
) -> int:
    code = 500 if reason else None
    return outbox.settle(connection, [Settlement(row, state, row.attempts + 1, EPOCH, code, reason)], now)


def kept(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(DeliveryAttemptRow)) or 0


def counted(connection: Connection) -> Counter[str]:
    numbers: Counter[str] = Counter()
    for one in delivery_counts.since(connection, ALWAYS):
        numbers[one.outcome] += one.number
    return numbers


def test_each_attempt_that_failed_is_told_and_one_that_delivered_is_not(database: Database) -> None:
    record(database, 1)
    with database.write() as connection:
        for state, reason in (
            (DeliveryState.PENDING, "EnOS had a fault of its own"),
            (DeliveryState.PENDING, None),  # given back unsent
            (DeliveryState.PARKED, "no such device"),
        ):
            [row] = claim(connection, 1)
            assert settle(connection, row, state, reason) == 1
        found = attempts_of(connection, row.event_id)
    assert found == [
        Attempt(1, NOW, 500, "EnOS had a fault of its own"),
        Attempt(3, NOW, 500, "no such device"),
    ]


def test_a_plain_delivery_writes_no_attempt_and_neither_does_what_is_not_for_enos(database: Database) -> None:
    record(database, 2)
    with database.write() as connection:
        one, other = claim(connection, 2)
        settle(connection, one, DeliveryState.DELIVERED)
        settle(connection, other, DeliveryState.SKIPPED, "not for EnOS")
        assert kept(connection) == 0
        assert counted(connection) == {Outcome.DELIVERED: 1}


def test_a_settle_that_matches_no_claim_leaves_nothing(database: Database) -> None:
    record(database, 3)
    with database.write() as connection:
        rows = claim(connection, 3)
        outbox.release(connection, "enos")
        claim(connection, 3)
        states = (DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.PENDING)
        for row, state in zip(rows, states, strict=True):
            assert settle(connection, row, state, "a fault") == 0
        assert kept(connection) == 0
        assert counted(connection) == {}


def test_of_a_batch_only_those_count_that_were_still_ours(database: Database) -> None:
    record(database, 4)
    with database.write() as connection:
        rows = claim(connection, 4)
        settle(connection, rows[0], DeliveryState.DELIVERED)
        batch = [Settlement(row, DeliveryState.DELIVERED, 1, EPOCH, 200) for row in rows]
        assert outbox.settle(connection, batch, NOW) == 3
        assert counted(connection) == {Outcome.DELIVERED: 4}


def test_attempts_and_counts_are_undone_with_their_transaction(database: Database) -> None:
    record(database, 1)

    def settle_and_fail(connection: Connection) -> None:
        settle(connection, claim(connection, 1)[0], DeliveryState.PARKED, "no such device")
        assert (kept(connection), counted(connection)) == (1, {Outcome.PARKED: 1})
        raise RuntimeError

    with pytest.raises(RuntimeError), database.write() as connection:
        settle_and_fail(connection)
    with database.read() as connection:
        assert (kept(connection), counted(connection)) == (0, {})


def test_days_of_trouble_keep_the_last_attempts_only(database: Database) -> None:
    record(database, 2)
    with database.write() as connection:
        other, row = claim(connection, 2)
        settle(connection, other, DeliveryState.PARKED, "no such device")
        for _ in range(MOST_KEPT + 5):
            settle(connection, row, DeliveryState.PENDING, "a fault")
            [row] = claim(connection, 1)
        found = attempts_of(connection, row.event_id)
        assert [one.number for one in found] == list(range(6, MOST_KEPT + 6))
        assert len(attempts_of(connection, other.event_id)) == 1
        for _ in range(MOST_KEPT):
            settle(connection, row, DeliveryState.PENDING, "a fault")
            [row] = claim(connection, 1)
            assert kept(connection) <= MOST_KEPT + 7 + 1


def test_what_a_person_sends_again_and_again_keeps_the_last_attempts_only(database: Database) -> None:
    record(database, 1)
    with database.write() as connection:
        for _ in range(MOST_KEPT + 5):
            [row] = claim(connection, 1)
            settle(connection, row, DeliveryState.PARKED, "no such device")
            outbox_tools.send_again(connection, [row.id], [DeliveryState.PARKED])
        assert kept(connection) == MOST_KEPT


def test_an_outbox_row_that_goes_takes_its_attempts_along(database: Database) -> None:
    record(database, 1)
    with database.write() as connection:
        [row] = claim(connection, 1)
        settle(connection, row, DeliveryState.PARKED, "no such device")
        connection.exec_driver_sql("DELETE FROM outbox")
        assert kept(connection) == 0


def test_periods_add_up_to_what_became_of_the_deliveries(database: Database) -> None:
    record(database, 60)
    states = [DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.SKIPPED] * 20
    first = None
    with database.write() as connection:
        for number, (row, state) in enumerate(zip(claim(connection, 60), states, strict=True)):
            first = first or made_at(row.event_id)
            settle(connection, row, state, None, first + timedelta(minutes=number))
        found = delivery_counts.since(connection, ALWAYS)
    assert first
    assert {one.channel for one in found} == {"enos"}
    assert len({one.began_at for one in found}) >= 60 * 60 / PERIOD.total_seconds()
    hours = by_period(found, first, first + timedelta(hours=1), timedelta(hours=1))
    assert sum(period.delivered for period in hours.values()) == 20
    assert sum(period.parked for period in hours.values()) == 20


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_counts_are_those_of_the_settles_that_counted(
    database: Database, seed: int
) -> None:
    record(database, 40)
    rng = random.Random(seed)
    held: list[Claimed] = []
    settled: Counter[str] = Counter()
    states = {
        DeliveryState.DELIVERED: Outcome.DELIVERED,
        DeliveryState.PARKED: Outcome.PARKED,
        DeliveryState.PENDING: Outcome.RETRIED,
    }
    with database.write() as connection:
        for number in range(30):
            held += claim(connection, rng.randint(0, 8))
            if not rng.randint(0, 4):
                outbox.release(connection, "enos")  # what is held is another's from the next claim on
            state, some = rng.choice(list(states)), rng.choices(held, k=6) if held else []
            batch = [Settlement(row, state, row.attempts + 1, EPOCH, 500, "a fault") for row in some]
            now = NOW + timedelta(minutes=number)
            settled[states[state]] += outbox.settle(connection, batch, now)
        assert counted(connection) == +settled
        assert counters.deliveries(connection, DeliveryState.DELIVERED) == settled[Outcome.DELIVERED]
    assert len(+settled) == len(states)


def test_the_latency_is_told_by_the_event_s_own_time(database: Database) -> None:
    record(database, 2)
    with database.write() as connection:
        for row, seconds in zip(claim(connection, 2), (0.3, 100), strict=True):
            settled_at = made_at(row.event_id) + timedelta(seconds=seconds)
            settle(connection, row, DeliveryState.DELIVERED, None, settled_at)
        found = delivery_counts.since(connection, ALWAYS)
    assert sorted(one.within_ms for one in found) == [500, 300_000]


def test_what_is_older_than_a_month_is_forgotten(database: Database) -> None:
    record(database, 2)
    with database.write() as connection:
        old, new = claim(connection, 2)
        settle(connection, old, DeliveryState.DELIVERED, None, NOW - delivery_counts.KEPT - PERIOD)
        settle(connection, new, DeliveryState.DELIVERED)
        delivery_counts.forget_old(connection, NOW)
        assert [one.began_at for one in delivery_counts.since(connection, ALWAYS)] == [beginning(NOW)]


latencies = st.lists(st.integers(-1000, 10**9), min_size=1)


@given(latencies, st.floats(0.01, 1))
def test_a_part_told_is_the_bound_under_which_so_many_lie(found: list[int], part: float) -> None:
    within = Throughput(latencies=by_bound(found)).within_ms(part)
    assert within in BOUNDS_MS
    assert sum(latency <= within for latency in found) >= part * len(found)
    smaller = [bound for bound in BOUNDS_MS if bound < within]
    assert not smaller or sum(latency <= smaller[-1] for latency in found) < part * len(found)


@given(latencies)
def test_every_latency_is_counted_once(found: list[int]) -> None:
    assert by_bound(found).total() == len(found)


def test_nothing_delivered_has_no_latency() -> None:
    assert Throughput().within_ms(0.5) is None


def test_the_attempts_of_no_event_are_none(database: Database) -> None:
    with database.read() as connection:
        assert attempts_of(connection, UUID(int=1)) == []
