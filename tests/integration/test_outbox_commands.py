"""se3 outbox: deliveries are looked at, sent again and dropped, by a person who was asked."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from app.cli import slices
from app.cli.main import se3
from app.cli.slices import in_slices
from app.domain.events import NewEvent
from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.errors import Conflict, Se3Error
from app.store import channels, events
from app.store import outbox_tools as tools
from app.store.clock import now
from app.store.database import Database
from app.store.models import ChannelRow, OutboxRow
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.programs import own_program
from tests.support.settings import child_environment

LATER = RECEIVED_AT + timedelta(hours=1)
ROWS: dict[int, dict[str, Any]] = {
    1: {
        "state": "pending",
        "channel": "north",
        "due_at": LATER,
        "attempts": 2,
        "claim": UUID(int=1),
        "code": 500,
        "reason": "a",
    },
    2: {"state": "claimed", "claim": UUID(int=2), "due_at": LATER},
    3: {"state": "delivered", "attempts": 1, "claim": UUID(int=3), "code": 200, "settled_at": LATER},
    4: {
        "state": "parked",
        "channel": "north",
        "attempts": 1,
        "code": 1257,
        "reason": "it said so",
        "settled_at": LATER,
    },
    5: {
        "state": "parked",
        "channel": "south",
        "attempts": 1,
        "code": 1204,
        "reason": "it said so",
        "settled_at": LATER,
    },
    6: {"state": "skipped", "reason": "ENOS_EVENTS keeps it", "settled_at": LATER},
    7: {"state": "dropped", "code": 1008, "reason": "too old", "settled_at": LATER},
}
BEFORE = {number: row["state"] for number, row in ROWS.items()}


@pytest.fixture(autouse=True)
def _settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg", ""))


@pytest.fixture
def filled(database: Database) -> Database:
    """A delivery in every state, two of them parked."""
    for number, values in ROWS.items():
        record(database, new_event(number))
        with database.write() as connection:
            connection.execute(update(OutboxRow).where(OutboxRow.id == number).values(values))
    return database


@pytest.fixture
def set_zone() -> Iterator[Callable[[str], None]]:
    """Gives this process another time zone, until the test ends."""
    with pytest.MonkeyPatch.context() as environment:

        def set_to(zone: str) -> None:
            environment.setenv("TZ", zone)
            time.tzset()

        yield set_to
    time.tzset()


def record(database: Database, *new: NewEvent) -> None:
    with database.write() as connection:
        events.record(connection, new)


def rows(database: Database) -> dict[int, dict[str, Any]]:
    with database.read() as connection:
        found = connection.execute(select(*OutboxRow.__table__.columns)).mappings()
        return {row["id"]: dict(row) for row in found}


def states(database: Database) -> dict[int, str]:
    return {number: row["state"] for number, row in rows(database).items()}


def outbox(*arguments: str) -> Result:
    return CliRunner().invoke(se3, ["outbox", *arguments])


def said(result: Result) -> str:
    """The sentence that a failed command ends with."""
    assert isinstance(result.exception, Se3Error), result.output
    return str(result.exception)


def test_what_is_retried_is_like_new(filled: Database) -> None:
    record(filled, new_event(8))
    assert outbox("retry", "1", "4", "6", "7", "--yes").output == "4 will be sent again.\n"
    found = rows(filled)
    new = found[8] | {"id": 0, "event_id": 0}
    for number in (1, 4, 6, 7):
        assert found[number] | {"id": 0, "event_id": 0} == new


@pytest.mark.parametrize(
    ("options", "retried"),
    [
        (["--parked"], {4, 5}),
        (["--parked", "--code", "1204"], {5}),
        (["--parked", "--channel", "north"], {4}),
        (["--parked", "--channel", "north", "--code", "1204"], set()),
        (["--skipped"], {6}),
        (["--dropped"], {7}),
    ],
)
def test_all_of_a_state_are_retried(filled: Database, options: list[str], retried: set[int]) -> None:
    result = outbox("retry", *options, "--yes")
    assert f"{len(retried)} will be sent again." in result.output
    assert states(filled) == BEFORE | dict.fromkeys(retried, "pending")
    again = outbox("retry", *options, "--yes")
    assert (again.exit_code, again.output.splitlines()[0]) == (0, "0 will be sent again.")


def test_what_is_on_its_way_or_there_is_not_retried(filled: Database) -> None:
    result = outbox("retry", "2", "3", "4", "99", "4", "--yes")
    assert said(result) == (
        "1 of 4 will be sent again; only those can be that are pending, parked, skipped, dropped"
    )
    assert states(filled) == BEFORE | {4: "pending"}


def test_dropped_is_given_up_with_its_reason(filled: Database) -> None:
    result = outbox("drop", "1", "2", "3", "4", "6", "--reason", "the gate is gone", "--yes")
    assert said(result) == "2 of 5 dropped; only those can be that are pending, parked"
    assert states(filled) == BEFORE | {1: "dropped", 4: "dropped"}
    found = rows(filled)[4]
    before = "the gate is gone (before: it said so)"
    assert (found["reason"], found["code"], found["claim"]) == (before, 1257, None)
    assert found["settled_at"] > datetime.now(UTC) - timedelta(minutes=1)
    assert "the gate is gone" in outbox("list", "--state", "dropped").output
    assert outbox("drop", "--parked", "--code", "1204", "--reason", "x", "--yes").output == "1 dropped.\n"
    assert states(filled)[5] == "dropped"
    assert outbox("retry", "4", "--yes").exit_code == 0
    assert states(filled)[4] == "pending"


def test_what_was_dropped_without_a_reason_has_the_persons_alone(filled: Database) -> None:
    record(filled, new_event(8))
    assert outbox("drop", "8", "--reason", "100% sure, it's over", "--yes").exit_code == 0
    assert rows(filled)[8]["reason"] == "100% sure, it's over"


def test_only_the_parked_of_one_channel_are_dropped(filled: Database) -> None:
    assert outbox("drop", "--parked", "--channel", "south", "--reason", "x", "--yes").exit_code == 0
    assert states(filled) == BEFORE | {5: "dropped"}


def test_a_delivery_is_named_by_its_event_too(filled: Database) -> None:
    """Log lines name events."""
    event_ids = {number: str(row["event_id"]) for number, row in rows(filled).items()}
    assert outbox("show", event_ids[4]).output == outbox("show", "4").output
    assert outbox("retry", event_ids[4], "6", "4", "--yes").output == "2 will be sent again.\n"
    assert outbox("drop", event_ids[5], "--reason", "x", "--yes").output == "1 dropped.\n"
    assert states(filled) == BEFORE | {4: "pending", 5: "dropped", 6: "pending"}


@pytest.mark.parametrize(
    "arguments", [["show"], ["retry", "4", "--yes"], ["drop", "4", "--reason=x", "--yes"]]
)
def test_an_event_that_is_not_there_is_said_and_nothing_done(filled: Database, arguments: list[str]) -> None:
    unknown = "01a2016460617659a9260b4f039245e7"
    assert said(outbox(*arguments, unknown)) == (
        "there is no event 01a20164-6061-7659-a926-0b4f039245e7; `se3 events list` shows the newest"
    )
    assert states(filled) == BEFORE


def test_a_range_of_time_is_sent_again_whatever_became_of_it(filled: Database) -> None:
    result = outbox("replay", "--from", "2026-01-01T00:00+00:00", "--to", "2026-01-01T00:00:01Z", "--yes")
    assert result.exit_code == 0
    assert "4 will be sent again." in result.output
    assert states(filled) == BEFORE | dict.fromkeys([3, 4, 5, 6], "pending")


def test_a_range_begins_with_its_first_moment_and_ends_before_its_last(filled: Database) -> None:
    """Faces were seen at 1566016554.001 s and each millisecond after it."""
    span = ("--from", "2019-08-17T04:35:54.004Z", "--to", "2019-08-17T04:35:54.006Z")
    assert "0 will be sent again" in outbox("replay", *span, "--yes").output  # none was received then
    assert "2 will be sent again" in outbox("replay", *span, "--by", "seen", "--yes").output
    assert states(filled) == BEFORE | {4: "pending", 5: "pending"}


def test_a_replay_goes_on_behind_where_it_was_stopped(filled: Database) -> None:
    span = ("--from", "2025-12-31", "--to", "2026-01-03")
    assert outbox("replay", *span, "--after", "4", "--yes").exit_code == 0
    assert states(filled) == BEFORE | {5: "pending", 6: "pending"}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_times_are_in_the_zone_of_this_machine(
    filled: Database, set_zone: Callable[[str], None], zone: str
) -> None:
    set_zone(zone)
    local = RECEIVED_AT.astimezone()
    before, after = (f"{local + timedelta(minutes=m):%Y-%m-%d %H:%M}" for m in (-1, 1))
    result = outbox("replay", "--from", before, "--to", after, "--yes")
    assert "4 will be sent again" in result.output
    assert states(filled)[3] == "pending"
    told = re.search(r"Events received from (.+) to (.+):", result.output)
    assert told
    assert [datetime.fromisoformat(text) for text in told.groups()] == [
        local + timedelta(minutes=m) for m in (-1, 1)
    ]
    offset = f"({local:%z})".replace("00)", ":00)")
    assert f"due or settled {offset}" in outbox("list", "--code", "1008").output
    assert f"received {offset}" in CliRunner().invoke(se3, ["events", "list"]).output


CHANGES = [
    ["retry", "--parked"],
    ["retry", "4"],
    ["drop", "4", "--reason", "x"],
    ["replay", "--from", "2025-12-31", "--to", "2026-01-03"],
]


@pytest.mark.parametrize("arguments", CHANGES)
def test_without_a_terminal_nothing_is_changed_unasked(filled: Database, arguments: list[str]) -> None:
    result = outbox(*arguments)
    assert result.exit_code == 1
    assert "--yes" in said(result)
    assert "Nothing was changed" in said(result)
    assert states(filled) == BEFORE


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [*((arguments, "y") for arguments in CHANGES), (CHANGES[0], "n"), (CHANGES[0], "")],
)
def test_a_person_is_asked(filled: Database, database_url: str, arguments: list[str], answer: str) -> None:
    code, output, errors = at_a_terminal(database_url, arguments, answer)
    assert "Proceed? [y/N]" in errors
    if answer == "y":
        assert code == 0
        assert output.startswith(("1 ", "2 ", "4 "))
        assert states(filled)[4] != "parked"
    else:
        assert (code, output) == (1, "")
        assert "se3: nothing was changed" in errors
        assert states(filled) == BEFORE


def at_a_terminal(database_url: str, arguments: list[str], answer: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command whose input is a terminal."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [own_program("se3"), "outbox", *arguments],
            env=child_environment({"DATABASE_URL": database_url.replace("+psycopg", "")}),
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry"],
        ["retry", "4", "--parked"],
        ["retry", "--parked", "--skipped"],
        ["retry", "4", "--code", "1257"],
        ["retry", "--skipped", "--code", "1257"],
        ["retry", "--code", "1257"],
        ["retry", "4", "--channel", "north"],
        ["drop", "--skipped", "--channel", "north", "--reason", "x"],
        ["retry", "0"],
        ["retry", "9223372036854775808"],
        ["drop", "4"],
        ["drop", "4", "--reason", " "],
        ["drop", "--reason", "x"],
        ["replay", "--from", "2026-01-02"],
        ["replay", "--from", "2026-01-02", "--to", "2026-01-02"],
        ["replay", "--from", "yesterday", "--to", "2026-01-02"],
        ["replay", "--from", "0001-01-01", "--to", "9999-12-31T23:59:59-23:00"],
    ],
)
def test_what_is_not_clear_is_not_done(filled: Database, arguments: list[str]) -> None:
    result = outbox(*arguments, "--yes")
    assert result.exit_code == 2
    assert states(filled) == BEFORE


@pytest.mark.usefixtures("filled")
def test_code_and_channel_need_parked() -> None:
    assert "--code needs --parked" in outbox("retry", "--code", "1257").output
    assert "--channel needs --parked" in outbox("retry", "--dropped", "--channel", "north").output


def test_a_delivery_is_shown_in_plain_words(filled: Database) -> None:
    expected = {
        1: ["pending", "EnOS had a fault of its own", "it is sent once it is due"],
        2: ["claimed", "a forwarder is sending it"],
        3: ["delivered", "se3 outbox replay"],
        4: ["parked", "1257: EnOS knows no device with this key", "se3 outbox retry 4"],
        6: ["skipped", "ENOS_EVENTS keeps it", "change ENOS_EVENTS", "se3 outbox retry 6"],
        7: ["dropped", "too old", "1008: the message is larger than EnOS takes", "se3 outbox retry 7"],
    }
    event_ids = {number: str(row["event_id"]) for number, row in rows(filled).items()}
    for number, words in expected.items():
        result = outbox("show", str(number))
        assert result.exit_code == 0
        for text in [*words, event_ids[number], "01200002", "AKOPKKKKK__192.168.1.25"]:
            assert text in result.output, text
    assert "documents don't list" not in outbox("show", "3").output
    assert said(outbox("show", "99")) == "there is no delivery 99; `se3 outbox list` shows the newest"


def hold(database: Database, channel: str, state: ForwarderState, reason: str | None) -> None:
    """Hold a channel as a forwarder does that is in this state."""
    with database.write() as connection:
        present = now(connection)
        forwarder = Forwarder(new_id(), channel, "srv1", 4711, present, present, state, reason, present)
        channels.beat(connection, forwarder, timedelta(minutes=1))


@pytest.mark.parametrize("state", [ForwarderState.PAUSED, ForwarderState.DISCONNECTED])
def test_what_waits_for_a_channel_that_is_shut_says_why(filled: Database, state: ForwarderState) -> None:
    record(filled, new_event(8))  # no channel was chosen for it; the mapping has only this one
    for channel in ("north", "enos"):
        hold(filled, channel, state, "the broker refused the login")
    for number in ("1", "8"):
        assert f"is {state}: the broker refused the login. Mend that" in outbox("show", number).output
        assert "start the forwarder anew, for it reads settings" in outbox("show", number).output
    assert "is sent once it is due" not in outbox("show", "8").output
    assert "Mend that" not in outbox("show", "3").output


def test_what_shut_the_channel_out_is_to_be_mended(filled: Database) -> None:
    with filled.write() as connection:
        values = {"code": 1009, "reason": "not allowed"}
        connection.execute(update(OutboxRow).where(OutboxRow.id == 1).values(values))
    hold(filled, "north", ForwarderState.HEALTHY, None)
    expected = "at the last try EnOS shut the channel out, code 1009: not allowed. Mend that"
    assert expected in outbox("show", "1").output


@pytest.mark.usefixtures("filled")
def test_the_device_key_is_that_of_the_mapping_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "device key    AKOPKKKKK__192.168.1.25\n" in outbox("show", "4").output
    mapping = tmp_path / "mapping.toml"
    monkeypatch.setenv("ENOS_MAPPING", str(mapping))
    mapping.write_text('device_key = ["identity_id"]\n')
    assert "device key    01200002\n" in outbox("show", "4").output
    mapping.write_text('device_key = ["nobody"]\n')
    assert "device key    no device key: none of nobody holds" in outbox("show", "4").output
    mapping.write_text("device_key = 7\n")
    result = outbox("show", "4")
    assert result.exit_code == 0
    assert "device key    not known, for the mapping can't be read: " in result.output
    assert "se3 outbox retry 4" in result.output


@pytest.mark.usefixtures("filled")
def test_the_device_key_is_shown_to_those_who_may_not_read_the_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = tmp_path / "mapping.toml"
    monkeypatch.setenv("ENOS_MAPPING", str(mapping))
    mapping.write_text(
        '[channels.gates]\nbroker_url = "mqtt://127.0.0.1:9"\nproduct_key = "pk"\n'
        f'product_secret_file = "{tmp_path}/gone"\n'
    )
    assert "device key    AKOPKKKKK__192.168.1.25\n" in outbox("show", "4").output


@pytest.mark.usefixtures("filled")
def test_a_channel_by_which_nothing_goes_is_said() -> None:
    assert said(outbox("list", "--channel", "nosuch")) == "no delivery goes by a channel nosuch"
    assert outbox("list", "--channel", "south", "--state", "pending").output == "No deliveries.\n"


@pytest.mark.usefixtures("filled")
def test_the_list_can_be_narrowed_by_code_and_channel() -> None:
    shown = outbox("list", "--code", "1257", "--state", "parked").output.splitlines()[1:]
    assert [line.split()[0] for line in shown] == ["4"]
    shown = outbox("list", "--channel", "north").output.splitlines()[1:]
    assert [line.split()[0] for line in shown] == ["4", "1"]
    assert len(outbox("list", "--limit", "3").output.splitlines()) == 4


def test_what_a_forwarder_took_meanwhile_is_left_to_it(filled: Database) -> None:
    """The person was asked about it while it was pending."""
    ids = list(ROWS)
    with filled.write() as connection:
        assert tools.drop(connection, [1, 2], tools.DROPPED, "x", LATER) == 1
        assert tools.send_again(connection, ids, tools.REPLAYED) == 4
    assert states(filled)[2] == "claimed"


def test_long_runs_leave_whole_slices_and_go_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 2)
    record(database, *(new_event(number) for number in range(7)))
    with database.write() as connection:
        connection.execute(update(OutboxRow).values(state="parked", settled_at=LATER))
    slices_so_far: list[Sequence[int]] = []
    drop = tools.drop

    def drop_until_interrupted(connection: Any, ids: Sequence[int], *others: Any) -> int:
        slices_so_far.append(ids)
        changed = drop(connection, ids, *others)
        if len(slices_so_far) == 3:
            raise KeyboardInterrupt
        return changed

    with monkeypatch.context() as patched:
        patched.setattr(tools, "drop", drop_until_interrupted)
        result = outbox("drop", "--parked", "--reason", "x", "--yes")
    assert said(result).startswith("stopped: 4 of 7 are done, up to delivery 4, and the others as before")
    assert states(database) == dict.fromkeys(range(1, 5), "dropped") | dict.fromkeys(range(5, 8), "parked")
    again = outbox("drop", "--parked", "--reason", "x", "--yes")
    assert again.stdout == "3 dropped.\n"
    assert "Deliveries" in again.stderr  # the bar
    assert set(states(database).values()) == {"dropped"}


def test_a_slice_that_stood_in_anothers_way_is_tried_again() -> None:
    tries: list[Sequence[int]] = []

    def change(some: Sequence[int]) -> int:
        tries.append(some)
        if len(tries) < 4:
            raise Conflict("x")
        return len(some)

    assert in_slices([1, 2, 3], "x", change) == 3
    assert tries == [[1, 2, 3]] * 4


def test_what_a_dead_forwarder_left_claimed_can_be_retried_and_dropped(filled: Database) -> None:
    """Its channel may have been renamed, and there is no forwarder that would free it."""
    for number in (2, 4):
        values = {"state": "claimed", "channel": "gone", "claim": UUID(int=2), "settled_at": None}
        with filled.write() as connection:
            connection.execute(update(OutboxRow).where(OutboxRow.id == number).values(values))
    hold(filled, "gone", ForwarderState.HEALTHY, None)
    assert "nothing; should the forwarder end" in outbox("show", "2").output
    assert said(outbox("retry", "2", "--yes")).startswith("0 of 1 will be sent again")
    with filled.write() as connection:
        connection.execute(update(ChannelRow).values(lease_until=now(connection) - timedelta(seconds=1)))
    assert "no one holds channel gone" in outbox("show", "2").output
    assert outbox("retry", "2", "--yes").output == "1 will be sent again.\n"
    assert outbox("drop", "4", "--reason", "x", "--yes").output == "1 dropped.\n"
    assert (states(filled)[2], rows(filled)[2]["channel"], states(filled)[4]) == ("pending", "", "dropped")
