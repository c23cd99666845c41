"""The relay's page tells how channels are and why deliveries stopped, and an operator sends them again."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest

from app import jsontext
from app.domain.delivery import DeliveryState
from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.domain.times import EPOCH
from app.store import audit, backlogs, causes, channels, deliveries, events, outbox, slices
from app.store.database import Database
from app.store.settlements import Settlement
from tests.console.conftest import Person
from tests.support.new_events import new_event

PARKED, SKIPPED, DROPPED = DeliveryState.PARKED, DeliveryState.SKIPPED, DeliveryState.DROPPED
NO_DEVICE = (1257, "EnOS knows no device with this key\nregister it <there>")
NO_MODEL = (1204, "the event does not fit")
NO_KEY = (None, "no device key: none of ep_id")


def settle(
    database: Database, state: DeliveryState, count: int, code: int | None = None, reason: str | None = None
) -> list[UUID]:
    """Record events and have become of their deliveries what is said; gives the events' ids in order."""
    with database.write() as connection:
        events.record(connection, [new_event(uuid4().int % 10**9) for _ in range(count)])
        rows = outbox.claim(connection, "enos", uuid4(), datetime.now(UTC) + timedelta(days=1), count)
        settled = [Settlement(row, state, 1, EPOCH, code, reason) for row in rows]
        assert outbox.settle(connection, settled, datetime.now(UTC)) == count
    return [row.event_id for row in rows]


def beat(database: Database, state: ForwarderState, reason: str | None = None, host: str = "gate") -> None:
    now = datetime.now(UTC)
    since = now - timedelta(minutes=3)
    forwarder = Forwarder(new_id(), "enos", host, 4711, since, now, state, reason, since)
    with database.write() as connection:
        channels.beat(connection, forwarder, timedelta(seconds=30))


def states(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(one.state for one in deliveries.listed(connection, None, 1000))


def cause(code: int | None, reason: str | None) -> str:
    return jsontext.dump([code, reason])


def audited(database: Database, number: int = 1) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(entry.action, entry.subject) for entry in audit.latest(connection, number)]


def test_a_fresh_site_says_that_nothing_is_relayed_and_nothing_was_sent(viewer: Person) -> None:
    page = viewer.get("/relay").text
    for text in ("EnOS is not set up", "Nothing was sent.", "None."):
        assert text in page


def test_a_channel_tells_who_holds_it_why_it_stands_and_what_waits(
    viewer: Person, database: Database
) -> None:
    beat(database, ForwarderState.PAUSED, "401: EnOS does not take the login")
    beat(database, ForwarderState.STANDBY, host="spare")
    settle(database, DeliveryState.DELIVERED, 7, 200)
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(5)])
    page = viewer.get("/relay").text
    assert "shut out by EnOS for a while" in page
    assert "401: EnOS does not take the login" in page
    assert "on gate, process 4711" in page
    assert re.search(r"Standby</dt><dd>on spare", page)
    assert re.search(
        r"<dt>Waiting</dt><dd>5 ·", page
    )  # no channel was chosen for them, and there is one only
    assert re.search(r"what waits takes .+ at this rate", page)


def test_a_backlog_is_counted_up_to_a_bound_and_per_channel(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(8)])
        rows = outbox.claim(connection, "north", uuid4(), datetime.now(UTC), 3)
        outbox.hand_over(connection, {rows[0]: "south"})
        found = {one.channel: (one.number, one.is_cut) for one in backlogs.backlogs(connection)}
        assert found == {"": (5, False), "north": (2, False), "south": (1, False)}
        monkeypatch.setattr(backlogs, "MOST_COUNTED", 4)
        found = {one.channel: (one.number, one.is_cut) for one in backlogs.backlogs(connection)}
        assert found == {"": (4, True), "north": (2, False), "south": (1, False)}


def test_what_stopped_is_put_together_by_cause_with_advice(viewer: Person, database: Database) -> None:
    ids = settle(database, PARKED, 3, *NO_DEVICE)
    settle(database, PARKED, 1, *NO_KEY)
    settle(database, SKIPPED, 2, None, "ENOS_EVENTS is history")
    page = viewer.get("/relay").text
    assert "register it &lt;there&gt;" in page
    assert "Register the device in EnOS" in page
    assert "mostly mend the mapping file" in page
    assert "ENOS_EVENTS is history" in page
    assert page.index("3 events") < page.index("1 event<")
    for event_id in (ids[0], ids[-1]):
        assert f'href="/events/{event_id}"' in page
    assert "/relay/retry" not in page  # a viewer only sees
    [link] = set(re.findall(r'href="(/events\?state=parked[^"]+)"', page[: page.index("1 event<")]))
    assert viewer.get(unescape(link)).text.count('class="card event') == 4


def test_many_causes_are_bounded_and_the_others_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in range(5):
        settle(database, PARKED, code + 1, code, "no")
    monkeypatch.setattr(causes, "MOST_CAUSES", 2)
    with database.read() as connection:
        found = causes.causes(connection, PARKED)
    assert [(one.cause.code, one.number) for one in found.stopped] == [(4, 5), (3, 4)]
    assert (found.number, found.others, found.is_cut) == (15, 6, False)
    monkeypatch.setattr(causes, "MOST_LOOKED_AT", 7)
    with database.read() as connection:
        found = causes.causes(connection, PARKED)
        assert (found.number, found.is_cut) == (7, True)
        shown = [one.number for one in found.stopped]
        ids = [causes.of_cause(connection, PARKED, one.cause) for one in found.stopped]
    assert [len(some) for some in ids] == shown


@pytest.mark.parametrize("other", [NO_MODEL, NO_KEY, (1257, None), (None, NO_DEVICE[1])])
def test_all_of_one_cause_go_again_and_no_others(
    operator: Person,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    other: tuple[int | None, str | None],
) -> None:
    monkeypatch.setattr("app.console.relay.changes.SLICE", 2)
    settle(database, PARKED, 3, *NO_DEVICE)
    settle(database, PARKED, 2, *other)
    page = operator.get("/relay").text
    [offered] = [text for text in re.findall(r'name="cause" value="([^"]+)"', page) if "&lt;there" in text][
        :1
    ]
    reply = operator.send("/relay/retry", state="parked", cause=unescape(offered))
    assert reply.status_code == 303
    assert "3 events are sent again." in operator.get(reply.location).text
    assert states(database) == ["parked"] * 2 + ["pending"] * 3
    assert [(action, subject[:20]) for action, subject in audited(database, 2)] == [
        ("deliveries_retried", "1 parked, 1257 EnOS "),
        ("deliveries_retried", "2 parked, 1257 EnOS "),
    ]
    assert slices.SLICE == 1000


def test_the_oldest_is_sent_alone_to_try(operator: Person, database: Database) -> None:
    ids = settle(database, PARKED, 3, *NO_DEVICE)
    operator.send("/relay/retry", state="parked", cause=cause(*NO_DEVICE), only="one")
    with database.read() as connection:
        found = [deliveries.of_event(connection, event_id) for event_id in ids]
    assert [one.state for one in found if one] == ["pending", "parked", "parked"]


def test_what_is_given_up_needs_a_reason_and_a_tick(operator: Person, database: Database) -> None:
    settle(database, PARKED, 2, *NO_DEVICE)
    for fields in ({"reason": " ", "sure": "1"}, {"reason": "old"}, {"reason": "a\x00", "sure": "1"}):
        reply = operator.send("/relay/drop", cause=cause(*NO_DEVICE), **fields)
        assert reply.status_code == 422
        assert "Nothing was changed" in reply.text
    assert states(database) == ["parked"] * 2
    reply = operator.send("/relay/drop", cause=cause(*NO_DEVICE), reason="device is scrap", sure="1")
    assert "2 events are given up." in operator.get(reply.location).text
    assert states(database) == ["dropped"] * 2
    [(action, subject)] = audited(database)
    assert action == "deliveries_dropped"
    assert subject.endswith(": device is scrap")


def test_what_was_skipped_or_given_up_goes_again_too(operator: Person, database: Database) -> None:
    for state in (SKIPPED, DROPPED):
        settle(database, state, 2, None, "so it is")
        operator.send("/relay/retry", state=state.value, cause=cause(None, "so it is"))
    assert states(database) == ["pending"] * 4


@pytest.mark.parametrize(
    ("state", "typed"),
    [
        ("parked", ""),
        ("parked", "[1]"),
        ("parked", '{"a": 1, "b": 2}'),
        ("parked", '["1", "x"]'),
        ("parked", "[true, null]"),
        ("parked", "[99999999999999999999, null]"),
        ("parked", '[1, "\\u0000"]'),
        ("parked", "[1, 2]"),
        ("delivered", "[200, null]"),
        ("", "[200, null]"),
    ],
)
def test_a_form_that_no_page_made_changes_nothing(
    operator: Person, database: Database, state: str, typed: str
) -> None:
    settle(database, DeliveryState.DELIVERED, 1, 200)
    assert operator.send("/relay/retry", state=state, cause=typed).status_code == 400
    assert states(database) == ["delivered"]


@pytest.mark.parametrize("state", [PARKED, SKIPPED, DROPPED, DeliveryState.DELIVERED, DeliveryState.PENDING])
def test_one_event_is_sent_again_whatever_became_of_it(
    operator: Person, database: Database, state: DeliveryState
) -> None:
    [event_id] = settle(database, state, 1, 200, "so it is")
    reply = operator.send(f"/events/{event_id}/replay")
    assert reply.status_code == 303
    assert reply.location.startswith(f"/events/{event_id}?")
    assert "1 event is sent again." in operator.get(reply.location).text
    with database.read() as connection:
        found = deliveries.of_event(connection, event_id)
    assert found
    assert (found.state, found.reason) == ("pending", None)
    assert ("event_replayed", str(event_id)) in audited(database, 2)


def test_an_event_that_is_on_its_way_is_left_alone(operator: Person, database: Database) -> None:
    beat(database, ForwarderState.HEALTHY)
    with database.write() as connection:
        [recorded] = events.record(connection, [new_event(1)])
        outbox.claim(connection, "enos", uuid4(), datetime.now(UTC), 1)
    reply = operator.send(f"/events/{recorded.id}/replay")
    assert "It is on its way to EnOS already" in operator.get(reply.location).text
    assert states(database) == ["claimed"]


def test_an_event_that_is_not_there_is_not_sent(operator: Person) -> None:
    assert operator.send(f"/events/{new_id()}/replay").status_code == 404


def test_the_day_is_drawn_and_told_in_a_table(viewer: Person, database: Database) -> None:
    settle(database, DeliveryState.DELIVERED, 4, 200)
    settle(database, PARKED, 1, *NO_DEVICE)
    settle(database, DeliveryState.PENDING, 2, 500, "EnOS had a fault of its own")
    page = viewer.get("/relay").text
    assert "4 in EnOS, 2 tried again, 1 refused" in page
    assert "The highest bar is 7 in 15 minutes." in page
    assert page.count('<rect class="parked"') == 1
    assert re.search(r"<td>4</td><td>2</td><td>1</td><td>half within \d+ (ms|seconds?), 95 % within", page)
    assert "style=" not in page
    assert "每 15 分钟" in viewer.get("/relay", **{"Accept-Language": "zh"}).text


def test_an_event_page_tells_each_attempt_and_offers_another_to_operators(
    viewer: Person, operator: Person, database: Database
) -> None:
    [event_id] = settle(database, PARKED, 1, *NO_DEVICE)
    for person, offered in ((viewer, False), (operator, True)):
        text = unescape(person.get(f"/events/{event_id}").text)
        assert "Attempt 1" in text
        assert text.count("EnOS knows no device with this key") == 2  # the attempt, and how things stand
        assert (f"/events/{event_id}/replay" in text) is offered
