"""Events are counted by box and hour as they are stored, each once."""

import dataclasses
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.events import Kind, NewEvent
from app.domain.senders import ALL, Sender
from app.domain.warnings import EventWarning, WarningCode
from app.store import box_hours, events
from app.store.batches import Batches
from app.store.database import Database
from app.store.writer import Writer
from tests.support.new_events import BOUNDS, RECEIVED_AT, new_event
from tests.support.waiting import wait_until

BOX = Sender("ZKZ0001", "192.0.2.7")
ODD = EventWarning(WarningCode.NO_PICTURE, "/cap", "it is empty")


def seen(number: int, *, after: float = 0, lag: float = 1, box: Sender = BOX) -> NewEvent:
    """An event of a box that came so many seconds after the beginning, `lag` seconds after its own time."""
    new = new_event(number)
    at = RECEIVED_AT + timedelta(seconds=after)
    event = dataclasses.replace(
        new.event,
        dev_sno=box.dev_sno or None,
        source_address=box.source_address,
        received_at=at,
        occurred_at=at - timedelta(seconds=lag),
    )
    return dataclasses.replace(new, event=event, warnings=())


def first_heard(database: Database) -> list[datetime]:
    with database.read() as connection:
        return [heard.first_at for heard in box_hours.heard(connection)]


def hours(database: Database) -> dict[tuple[Sender, int, str], tuple[int, float]]:
    """Events and least lag in seconds, by sender, hour since the beginning, and code."""
    with database.read() as connection:
        senders = [one.sender for one in box_hours.heard(connection)]
        found = box_hours.since(connection, RECEIVED_AT, senders)
    return {
        (one.sender, (one.hour - RECEIVED_AT) // timedelta(hours=1), one.code): (
            one.events,
            one.least_lag.total_seconds(),
        )
        for one in found
    }


def record(database: Database, *new_events: NewEvent) -> None:
    with database.write() as connection:
        events.record(connection, new_events)


def test_events_are_counted_by_box_and_hour_and_duplicates_are_not(database: Database) -> None:
    other = Sender("", "192.0.2.8")
    record(database, seen(1), seen(2, after=3599, lag=0.25), seen(3, after=3600, lag=-7))
    record(database, seen(4, after=1, lag=9), seen(1), seen(5, box=other))
    assert hours(database) == {
        (BOX, 0, ALL): (3, 0.25),
        (BOX, 1, ALL): (1, -7),
        (other, 0, ALL): (1, 1),
    }
    with database.read() as connection:
        heard = {one.sender: one for one in box_hours.heard(connection)}
    assert heard[BOX].events == 4
    assert heard[BOX].first_at == RECEIVED_AT
    assert heard[BOX].last_at == RECEIVED_AT + timedelta(seconds=3600)


def test_each_kind_of_warning_is_counted_once_an_event(database: Database) -> None:
    odd = new_event(1, timestamp=1, ext_data={"device_ip": "192.0.2.9", "ep_id": "ZKZ0001__192.0.2.9"})
    odd = dataclasses.replace(odd, warnings=odd.warnings * 2)
    record(database, odd)
    counted = {code: number for (_, _, code), (number, _) in hours(database).items()}
    assert counted == {ALL: 1, "clock_behind": 1} | {w.code.value: 1 for w in odd.warnings}


def test_two_bodies_with_equal_text_are_counted_as_the_two_events_they_are(database: Database) -> None:
    record(database, new_event(1, unknown=1), new_event(1, unknown="1"))
    assert sum(number for number, _ in hours(database).values()) == 2


def test_a_licence_code_of_any_length_stops_no_event(database: Database) -> None:
    record(database, *(seen(n, box=Sender(f"{n}{'盒' * 100_000}", "192.0.2.7")) for n in range(2)))
    assert [number for number, _ in hours(database).values()] == [1, 1]


def test_writers_that_count_for_the_same_boxes_wait_for_each_other_and_lose_nothing(
    database: Database,
) -> None:
    boxes = [Sender(f"box{number}", "192.0.2.7") for number in range(5)]
    writers = [Writer(database, BOUNDS) for _ in range(2)]

    def work(writer: Writer, start: int) -> None:
        for number in range(start, start + 50):
            some = [seen(number * 5 + n, box=box) for n, box in enumerate(boxes)]
            writer.record(some if number % 2 else some[::-1])

    threads = [threading.Thread(target=work, args=(one, n * 50)) for n, one in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.close()
    assert {key[0]: number for key, (number, _) in hours(database).items()} == dict.fromkeys(boxes, 100)


def test_what_is_older_than_a_month_goes(database: Database) -> None:
    record(database, seen(1))
    now = datetime.now(UTC)
    fresh = seen(2)
    record(database, dataclasses.replace(fresh, event=dataclasses.replace(fresh.event, received_at=now)))
    with closing(Batches(database, BOUNDS)) as batches:
        batches.prune()
        wait_until(lambda: first_heard(database) == [now])


def test_of_more_rows_than_a_page_reads_the_newest_are_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(database, *(seen(n, after=3600 * n, box=Sender(f"box{n}", "192.0.2.7")) for n in range(3)))
    monkeypatch.setattr(box_hours, "_MOST_SUMMED", 2)
    with database.read() as connection:
        assert {one.sender.dev_sno for one in box_hours.heard(connection)} == {"box1", "box2"}


def test_of_more_senders_than_a_page_tells_of_those_that_sent_last_are_there_with_all_hours(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    last, first, made_up = (Sender(name, "192.0.2.7") for name in ("a", "b", "c"))
    record(database, seen(1, after=3, box=made_up), seen(2, box=last), seen(3, after=4, box=first))
    record(
        database, seen(4, after=3600, lag=-2, box=last), *(seen(n, after=n, box=first) for n in range(5, 9))
    )
    monkeypatch.setattr(box_hours, "MOST_HEARD", 2)
    with database.read() as connection:
        assert [one.sender for one in box_hours.heard(connection)] == [last, first]
        found = box_hours.last_hours(connection, [RECEIVED_AT, RECEIVED_AT + timedelta(hours=1)])
    assert {(one.sender, one.hour, one.events) for one in found} == {
        (last, RECEIVED_AT, 1),
        (last, RECEIVED_AT + timedelta(hours=1), 1),
        (first, RECEIVED_AT, 5),
    }


def test_warnings_of_the_last_hours_are_added_up(database: Database) -> None:
    warned = [dataclasses.replace(seen(number, after=3600 * number), warnings=(ODD,)) for number in range(4)]
    record(database, *warned)
    with database.read() as connection:
        found = box_hours.last_hours(connection, [RECEIVED_AT + timedelta(hours=n) for n in range(3)])
    [summed] = [one for one in found if one.code]
    assert (summed.code, summed.events, summed.hour) == ("no_picture", 3, RECEIVED_AT + timedelta(hours=2))


def test_only_the_senders_that_were_asked_for_are_given(database: Database) -> None:
    crossed = [Sender("a", "192.0.2.1"), Sender("a", "192.0.2.2"), Sender("b", "192.0.2.1")]
    record(database, *(seen(number, box=box) for number, box in enumerate(crossed)))
    with database.read() as connection:
        found = box_hours.since(connection, RECEIVED_AT, crossed[1:])
    assert {one.sender for one in found} == set(crossed[1:])


def test_a_real_time_event_has_the_address_it_came_from_alone(database: Database) -> None:
    nothing: dict[str, Any] = {"dev_sno": None, "ext_data": {"device_ip": "192.0.2.9"}}
    record(database, new_event(1, kind=Kind.REALTIME, **nothing))
    assert [key[0] for key in hours(database)] == [Sender("", "192.0.2.7")]
