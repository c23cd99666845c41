"""The outbox hands each row to one worker, and takes back only what that worker still holds."""

import dataclasses
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.domain.delivery import LONGEST_RETRY_SECONDS, DeliveryState
from app.domain.events import FaceEvent
from app.store import events, outbox, outbox_tools
from app.store.database import Database
from app.store.event_parts import parts_of
from app.store.queries import counts
from app.store.settlements import Claimed, Settlement
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.relays import holder

NOW = RECEIVED_AT + timedelta(seconds=5)
ME, OTHER = uuid4(), uuid4()


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(5)])
    return database


def claim(
    database: Database, limit: int = 10, now: datetime = NOW, *, channel: str = "enos", token: UUID = ME
) -> list[Claimed]:
    with database.write() as connection:
        return outbox.claim(connection, channel, token, now, limit)


def release(database: Database, channel: str = "enos") -> int:
    with database.write() as connection:
        return outbox.release(connection, channel)


def settle(database: Database, row: Claimed, state: DeliveryState, due_at: datetime = NOW) -> int:
    with database.write() as connection:
        return outbox.settle(connection, [Settlement(row, state, row.attempts + 1, due_at, 200, None)], NOW)


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {state: number for state, number in counts(connection).outbox.items() if number}


def test_rows_are_claimed_once_and_oldest_first(filled: Database) -> None:
    first, second = claim(filled, 3), claim(filled, 3)
    ids = [row.id for row in first + second]
    assert ids == sorted(ids)
    assert len(set(ids)) == 5
    assert claim(filled) == []


def test_a_row_that_is_not_due_yet_is_left(filled: Database) -> None:
    (row,) = claim(filled, 1)
    settle(filled, row, DeliveryState.PENDING, NOW + timedelta(minutes=5))
    for other in claim(filled):
        assert other.id != row.id
        settle(filled, other, DeliveryState.DELIVERED)
    assert claim(filled, now=NOW + timedelta(minutes=4)) == []
    assert [again.id for again in claim(filled, now=NOW + timedelta(minutes=5))] == [row.id]


def test_after_a_clock_was_put_back_nothing_waits_longer_than_any_retry(filled: Database) -> None:
    rows, late = claim(filled), NOW + timedelta(hours=1)
    for row in rows[:2]:
        settle(filled, row, DeliveryState.PENDING, late)
    settle(filled, rows[2], DeliveryState.PENDING, NOW + timedelta(seconds=LONGEST_RETRY_SECONDS))
    with filled.write() as connection:
        outbox.hurry(connection, "other", NOW)
        outbox.hurry(connection, "enos", NOW)
    assert [again.id for again in claim(filled)] == [row.id for row in rows[:2]]


def test_a_forwarder_presumed_dead_changes_nothing(filled: Database) -> None:
    (dead,) = claim(filled, 1)
    assert release(filled) == 1
    rows = claim(filled, token=OTHER)
    assert dead.id in [row.id for row in rows]
    assert settle(filled, dead, DeliveryState.DELIVERED) == 0
    assert states(filled) == {"claimed": 5}
    assert settle(filled, next(row for row in rows if row.id == dead.id), DeliveryState.DELIVERED) == 1
    assert states(filled) == {"claimed": 4, "delivered": 1}


def test_a_late_reply_settles_a_row_that_waits_for_its_next_try(filled: Database) -> None:
    (row,) = claim(filled, 1)
    settle(filled, row, DeliveryState.PENDING, NOW + timedelta(minutes=5))
    assert settle(filled, row, DeliveryState.DELIVERED) == 1
    assert settle(filled, row, DeliveryState.PARKED) == 0
    assert states(filled) == {"pending": 4, "delivered": 1}


def test_a_late_reply_does_not_settle_what_a_person_has_sent_again(filled: Database) -> None:
    (row,) = claim(filled, 1)
    settle(filled, row, DeliveryState.PENDING, NOW + timedelta(minutes=5))
    with filled.write() as connection:
        outbox_tools.send_again(connection, [row.id], outbox_tools.RETRIED)
    assert settle(filled, row, DeliveryState.DELIVERED) == 0


def test_a_channel_takes_its_own_rows_first_and_never_another_s(filled: Database) -> None:
    first, second, *_ = claim(filled, 2)
    with filled.write() as connection:
        outbox.hand_over(connection, {first: "north", second: "south"})
    assert [row.id for row in claim(filled, 2, channel="north")] == [first.id, first.id + 2]
    assert second.id not in [row.id for row in claim(filled, channel="north")]
    assert [row.id for row in claim(filled, channel="south")] == [second.id]


def test_taking_a_channel_over_leaves_other_channels_alone(filled: Database) -> None:
    claim(filled, 2, channel="north")
    claim(filled, 2, channel="south", token=OTHER)
    assert release(filled, "north") == 2
    assert len(claim(filled, channel="north")) == 3


def test_what_waits_for_a_channel_that_is_no_more_is_routed_anew(filled: Database) -> None:
    rows = claim(filled, 2, channel="gone")
    with filled.write() as connection:
        assert outbox.strays(connection, ["enos", "gone"], 10) == []
        ids = outbox.strays(connection, ["enos"], 10)
        assert set(ids) == {row.id for row in rows}
        outbox.route_anew(connection, ids)
        assert outbox.strays(connection, ["enos"], 10) == []
    assert {row.id for row in rows} <= {row.id for row in claim(filled)}


def test_what_another_living_forwarder_serves_is_no_stray(filled: Database) -> None:
    claim(filled, 2, channel="north")
    holder(filled, "north")
    with filled.read() as connection:
        assert outbox.strays(connection, ["enos"], 10) == []


def test_a_claim_of_unknown_outcome_can_be_undone(filled: Database) -> None:
    claim(filled, 2, token=OTHER)
    claim(filled, 1)
    with filled.write() as connection:
        outbox.free(connection, OTHER)
    assert states(filled) == {"pending": 4, "claimed": 1}


def test_the_fields_that_are_asked_for_are_those_of_the_events(filled: Database) -> None:
    rows = claim(filled, 3)
    names = {field.name for field in dataclasses.fields(FaceEvent)}
    with filled.read() as connection:
        whole = {event.id: event for event in events.get_many(connection, [row.event_id for row in rows])}
        found = parts_of(connection, rows, names)
        [some] = parts_of(connection, rows[:1], {"ep_id", "kind"}).values()
    for row in rows:
        assert {name: getattr(found[row.id], name) for name in names} == dataclasses.asdict(
            whole[row.event_id]
        )
    assert (some.ep_id, some.kind) == ("AKOPKKKKK__192.168.1.25", "history")
    assert not hasattr(some, "document")


def test_what_is_tried_for_ever_leaves_room_for_what_is_new(filled: Database) -> None:
    for row in claim(filled, 4):
        settle(filled, row, DeliveryState.PENDING)
    with filled.write() as connection:
        events.record(connection, [new_event(number) for number in range(10, 14)])
    taken = claim(filled, 4)
    assert sorted(row.attempts for row in taken) == [0, 0, 1, 1]


def test_a_settled_row_is_never_claimed_again(filled: Database) -> None:
    for row, state in zip(claim(filled), [DeliveryState.DELIVERED, DeliveryState.PARKED] * 3, strict=False):
        settle(filled, row, state)
    assert states(filled) == {"delivered": 3, "parked": 2}
    assert claim(filled, now=NOW + timedelta(days=1)) == []


def test_the_count_says_since_when_the_oldest_waits(filled: Database) -> None:
    with filled.read() as connection:
        assert counts(connection).oldest_waiting_at == RECEIVED_AT
    for row in claim(filled):
        settle(filled, row, DeliveryState.DELIVERED)
    with filled.read() as connection:
        assert counts(connection).oldest_waiting_at is None
