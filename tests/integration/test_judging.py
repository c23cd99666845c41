"""What becomes of events when EnOS refuses, restricts, stays silent or answers late."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from sqlalchemy import Connection

from app.domain.events import FaceEvent
from app.domain.times import to_milliseconds
from app.enos.mapping.data_types import Member, Scalar
from app.enos.mapping.event_fields import event_reader
from app.enos.mapping.mapping import DEFAULT_MAPPING, Mapping
from app.errors import StoreUnavailable
from app.forwarder import flights, verdicts
from app.store import events, outbox_tools
from app.store.database import Database
from tests.support.fake_exchange import FakeExchange
from tests.support.new_events import new_event
from tests.support.relays import all_settled, deliveries, relay_for, step_until

FIRST = 1566016554000
READS_DOCUMENTS = replace(
    DEFAULT_MAPPING, members=(Member("box", Scalar("string"), "ext_data.box", event_reader("ext_data.box")),)
)


def record(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in numbers])


def make_due(database: Database) -> None:
    with database.write() as connection:
        for row in deliveries(database):
            outbox_tools.send_again(connection, [row.id], outbox_tools.RETRIED)


def numbers(elements: list[dict[str, Any]]) -> set[int]:
    return {element["time"] - FIRST for element in elements}


def states(database: Database) -> dict[str, int]:
    found = [row.state for row in deliveries(database)]
    return {state: found.count(state) for state in found}


@pytest.mark.parametrize("code", [1204, 1257, 1202, 1220, 1250, 1251, 1260, 400, 460, 1008])
def test_the_one_offender_of_a_message_is_found_by_halving_and_parked(database: Database, code: int) -> None:
    """EnOS protocol, section 3: a batch is all or nothing."""
    exchange = FakeExchange(lambda elements: code if 21 in numbers(elements) else 200)
    record(database, *range(33))
    step_until(relay_for(database, exchange), all_settled(database))
    assert states(database) == {"parked": 1, "delivered": 32}
    (parked,) = (row for row in deliveries(database) if row.state == "parked")
    assert (parked.code, parked.attempts) == (code, 1)
    assert "so says the test" in str(parked.reason)
    assert exchange.sizes[:2] == [1, 32]
    assert len(exchange.sizes) == 2 + 2 * 5  # two halves at each of log2(32) steps


def test_many_offenders_are_parked_and_nothing_else(sqlite_url: str) -> None:
    offenders = set(random.Random(5).sample(range(300), 9))
    exchange = FakeExchange(lambda elements: 1204 if offenders & numbers(elements) else 200)
    database = Database(sqlite_url)
    record(database, *range(300))
    step_until(relay_for(database, exchange), all_settled(database))
    assert states(database) == {"parked": 9, "delivered": 291}
    database.close()


def test_a_passing_fault_is_tried_again(database: Database) -> None:
    exchange = FakeExchange(lambda _: 1274)
    relay = relay_for(database, exchange)
    record(database, 1)
    step_until(relay, lambda: any(row.code == 1274 and row.attempts for row in deliveries(database)))
    assert states(database) == {"pending": 1}
    exchange.answer = lambda _: 200
    make_due(database)
    step_until(relay, all_settled(database))
    assert states(database) == {"delivered": 1}


@pytest.mark.parametrize("fault", [500, 777, None])
def test_events_that_enos_fails_on_hold_up_no_others(
    database: Database, monkeypatch: pytest.MonkeyPatch, fault: int | None
) -> None:
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.05)
    monkeypatch.setattr(verdicts, "_LONGEST_FAULT_SECONDS", 0.5)
    exchange = FakeExchange(lambda elements: fault if min(numbers(elements)) < 4 else 200)
    relay = relay_for(database, exchange)
    record(database, *range(4))
    step_until(relay, lambda: relay.trouble)
    record(database, *range(10, 60))
    step_until(relay, lambda: states(database).get("delivered") == 50, seconds=30)
    assert {row.state for row in deliveries(database) if row.attempts > 1} <= {"pending", "claimed"}


def test_what_is_not_to_go_is_settled_before_enos_has_answered_anything(database: Database) -> None:
    exchange = FakeExchange(lambda _: None)
    relay = relay_for(database, exchange, enos_events="realtime")
    record(database, *range(200))
    relay.step()
    assert states(database) == {"skipped": 200}


def test_nothing_more_goes_while_the_line_is_busy_and_its_time_does_not_run(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = FakeExchange()
    relay = relay_for(database, exchange)
    record(database, 0)
    step_until(relay, all_settled(database))
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.2)
    exchange.answer, exchange.is_writing = lambda _: None, False
    record(database, 1)
    step_until(relay, lambda: len(exchange.messages) == 2)
    exchange.is_writing = True
    record(database, 2)
    began = time.monotonic()
    step_until(relay, lambda: time.monotonic() > began + 0.5)
    assert len(exchange.messages) == 2
    assert relay.trouble is None
    exchange.is_writing = False
    step_until(relay, lambda: relay.trouble)


def test_who_does_not_hold_the_channel_claims_nothing(database: Database) -> None:
    exchange = FakeExchange()
    record(database, 1)
    relay = relay_for(database, exchange, forwarder_id=new_event().event.id)
    relay.step()
    assert states(database) == {"pending": 1}


def test_a_claim_whose_commit_was_not_answered_is_made_again(database: Database) -> None:
    class Cut(Database):
        cuts = 0

        @contextmanager
        def write(self) -> Iterator[Connection]:
            with super().write() as connection:
                yield connection
            if self.cuts:
                self.cuts -= 1
                raise StoreUnavailable("the test lost the answer to the COMMIT")

    record(database, 1, 2, 3)
    cut = Cut(database.url.render_as_string(hide_password=False))
    relay = relay_for(cut, FakeExchange())
    cut.cuts = 1
    with pytest.raises(StoreUnavailable):
        relay.step()
    assert states(database) == {"claimed": 3}
    step_until(relay, all_settled(database))
    assert states(database) == {"delivered": 3}
    cut.close()


def test_a_claim_is_made_again_whose_next_failed_too(database: Database) -> None:
    """The answer to the first COMMIT was lost, and the second claim was rolled back."""

    class Cut(Database):
        cuts: ClassVar[list[str]] = []

        @contextmanager
        def write(self) -> Iterator[Connection]:
            cut = self.cuts.pop(0) if self.cuts else None
            with super().write() as connection:
                yield connection
                if cut == "before the COMMIT":
                    raise StoreUnavailable("the test cut the line")
            if cut:
                raise StoreUnavailable("the test cut the line")

    record(database, 1, 2, 3)
    cut = Cut(database.url.render_as_string(hide_password=False))
    relay = relay_for(cut, FakeExchange())
    cut.cuts.extend(["behind the COMMIT", "before the COMMIT"])
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            relay.step()
    assert states(database) == {"claimed": 3}
    step_until(relay, all_settled(database))
    assert states(database) == {"delivered": 3}
    cut.close()


def test_a_restricted_channel_is_not_flooded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = FakeExchange()
    relay = relay_for(database, exchange)
    record(database, 0)
    step_until(relay, all_settled(database))
    monkeypatch.setattr("app.forwarder.verdicts.retry_delay", lambda *_: 30.0)
    exchange.answer = lambda _: 429
    record(database, *range(1, 50))
    step_until(relay, lambda: len(exchange.messages) == 2)
    record(database, *range(50, 60))
    for _ in range(20):
        relay.step()
    assert len(exchange.messages) == 2


@pytest.mark.parametrize("code", [1009, 401, 402])
def test_a_fault_of_the_channel_pauses_it_and_spends_no_attempts(database: Database, code: int) -> None:
    exchange = FakeExchange(lambda _: code)
    relay = relay_for(database, exchange)
    record(database, 1, 2)
    step_until(relay, lambda: relay.pause_reason)
    relay.end("it is paused")
    relay.write()
    assert str(code) in str(relay.pause_reason)
    assert {(row.state, row.attempts) for row in deliveries(database)} == {("pending", 0)}
    exchange.answer = lambda _: 200
    relay.begin()
    assert relay.pause_reason is None
    step_until(relay, all_settled(database))


def test_silence_costs_an_attempt_and_is_no_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.05)
    exchange = FakeExchange(lambda _: None)
    relay = relay_for(database, exchange)
    record(database, 1)
    step_until(relay, lambda: deliveries(database)[0].attempts == 1)
    (row,) = deliveries(database)
    assert (row.state, row.code) == ("pending", None)
    assert "did not answer" in str(row.reason)


def test_a_late_reply_settles(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.05)
    monkeypatch.setattr("app.forwarder.results.retry_delay", lambda *_: 300.0)
    exchange = FakeExchange(lambda _: None)
    relay = relay_for(database, exchange)
    record(database, 1)
    step_until(relay, lambda: deliveries(database)[0].state == "pending" and exchange.messages)
    exchange.reply(exchange.messages[0][0], 200)
    step_until(relay, all_settled(database))
    assert (states(database), len(exchange.messages)) == ({"delivered": 1}, 1)


def test_one_silent_message_does_not_hold_up_the_others(database: Database) -> None:
    exchange = FakeExchange(lambda elements: None if 1 in numbers(elements) else 200)
    relay = relay_for(database, exchange)
    record(database, 0)
    step_until(relay, all_settled(database))
    for number in (1, 2, 3):
        record(database, number)
        step_until(relay, lambda: len(exchange.messages) > number)  # noqa: B023 - called at once
    relay.step()
    assert states(database) == {"delivered": 3, "claimed": 1}


def test_a_connection_that_ends_costs_no_attempt(database: Database) -> None:
    exchange = FakeExchange(lambda _: None)
    relay = relay_for(database, exchange)
    record(database, 1, 2)
    step_until(relay, lambda: exchange.messages)
    relay.end("the connection ended")
    relay.write()
    assert {(row.state, row.attempts) for row in deliveries(database)} == {("pending", 0)}


def test_an_event_without_a_device_key_is_parked_and_the_rest_goes(database: Database) -> None:
    exchange = FakeExchange()
    lost = new_event(1, ext_data={"dev_sno": "A1"})
    with database.write() as connection:
        events.record(connection, [lost, new_event(2)])
    step_until(relay_for(database, exchange), all_settled(database))
    rows = {row.event_id: row for row in deliveries(database)}
    assert "no device key: none of ep_id, dev_sno, device_ip holds" in str(rows.pop(lost.event.id).reason)
    assert [row.state for row in rows.values()] == ["delivered"]


def test_no_transaction_is_open_while_enos_is_asked(database: Database) -> None:
    def write(_elements: list[dict[str, Any]]) -> int:
        if len(exchange.messages) < 3:
            record(database, len(exchange.messages))  # would wait for ever for the lock
        return 200

    exchange = FakeExchange(write)
    record(database, 0)
    step_until(relay_for(database, exchange), lambda: states(database) == {"delivered": 3})


def test_an_event_that_the_program_fails_on_is_parked_and_the_rest_goes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    element = Mapping.element

    def fail_on_one(mapping: Mapping, event: FaceEvent, *rest: Any) -> dict[str, Any]:
        fails = to_milliseconds(event.occurred_at) == FIRST + 1
        return {"never": 1 / 0} if fails else element(mapping, event, *rest)

    monkeypatch.setattr(Mapping, "element", fail_on_one)
    record(database, 0, 1, 2)
    step_until(relay_for(database, FakeExchange()), all_settled(database))
    assert states(database) == {"parked": 1, "delivered": 2}


def test_an_event_that_can_not_be_read_is_parked_and_the_rest_goes(database: Database) -> None:
    record(database, *range(20))
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE events SET document = '{{' WHERE timestamp = '{FIRST + 7}'")
    step_until(relay_for(database, FakeExchange(), READS_DOCUMENTS), all_settled(database))
    assert states(database) == {"parked": 1, "delivered": 19}


def test_documents_that_the_mapping_does_not_look_into_are_not_read(database: Database) -> None:
    record(database, *range(20))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE events SET document = '{'")
    step_until(relay_for(database, FakeExchange()), all_settled(database))
    assert states(database) == {"delivered": 20}
