"""se3 enos check: what it says, what it sends, and what it must not disturb."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import enos_check, enos_trial
from app.cli.main import se3
from app.domain.events import Kind
from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.domain.times import to_milliseconds
from app.enos import messages
from app.enos.mapping.mapping import DEFAULT_CHANNEL
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.hub import Hub
from app.simulators.enos.strict_hub import StrictHub
from app.store import channels, events
from app.store.clock import now
from app.store.database import Database
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import new_event
from tests.support.ports import free_port
from tests.support.programs import Program, own_program

POST = "sys/pk/integration/event/post"


@dataclass(frozen=True, slots=True)
class Said:
    """What a check ended with."""

    code: int
    output: str
    error: str


Check = Callable[..., Said]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, mosquitto: Mosquitto, sqlite_url: str) -> Check:
    """Runs it with the settings of a site whose broker is at hand."""
    environment = {
        "DATABASE_URL": sqlite_url,
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": "secret",
    }

    def run(*arguments: str, **settings: str) -> Said:
        for name, value in (environment | settings).items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(se3, ["enos", "check", *arguments])
        error = "" if result.exception is None else str(result.exception)
        return Said(result.exit_code, result.output, error)

    return run


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    with closing(Database(sqlite_url)) as database:
        yield database


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[Hub]:
    with Hub(mosquitto.url) as hub:
        yield hub


def record(database: Database, *new_events: object) -> None:
    with database.write() as connection:
        events.record(connection, new_events)  # type: ignore[arg-type]


def connects(database: Database) -> int:
    with database.read() as connection:
        return len(channels.connect_ages(connection, DEFAULT_CHANNEL))


def forwarder(folder: Path) -> Program:
    """A forwarder with the settings of the last check."""
    settings = {
        name: os.environ[name]
        for name in ("DATABASE_URL", "ENOS_BROKER_URL", "ENOS_PRODUCT_KEY", "ENOS_PRODUCT_SECRET")
    }
    return Program([own_program("se3"), "forward"], folder / "forward.log", env=settings)


def take_channel(database: Database, state: ForwarderState = ForwarderState.HEALTHY) -> None:
    """Hold the channel as a forwarder does that is in this state."""
    with database.write() as connection:
        present = now(connection)
        forwarder = Forwarder(new_id(), DEFAULT_CHANNEL, "srv1", 4711, present, present, state, None, present)
        channels.beat(connection, forwarder, timedelta(minutes=1))


def test_without_send_nothing_is_posted_and_the_connect_is_noted(
    check: Check, database: Database, hub: Hub
) -> None:
    said = check()
    assert said.code == 0
    assert f"subscribed to {POST}_reply" in said.output
    assert connects(database) == 1
    assert hub.messages == 0


def test_the_newest_event_that_would_go_is_posted(check: Check, database: Database, hub: Hub) -> None:
    first, second = new_event(1), new_event(2)
    record(database, first, second, new_event(3, kind=Kind.REALTIME))
    newest = max(first.event, second.event, key=lambda event: event.id)  # both may be of one millisecond
    said = check("--send", "--yes", ENOS_EVENTS="history")
    assert said.code == 0, said
    [element] = hub.received
    assert element["time"] == to_milliseconds(newest.occurred_at)
    assert "AKOPKKKKK__192.168.1.25" in said.output.splitlines()[-1]
    shown = next(line for line in said.output.splitlines() if line.lstrip().startswith("{"))
    assert json.loads(shown)["params"] == [element]


def test_a_stored_event_can_be_chosen(check: Check, database: Database, hub: Hub) -> None:
    with database.write() as connection:
        first, _second = events.record(connection, [new_event(1), new_event(2)])
    assert check("--send", "--yes", "--event", str(first.id)).code == 0
    assert [element["time"] for element in hub.received] == [1_566_016_554_001]


def test_on_a_fresh_site_a_made_up_event_goes_to_a_device_that_was_named(
    check: Check, hub: Hub, tmp_path: Path
) -> None:
    fresh = {"DATABASE_URL": f"sqlite:///{tmp_path}/none/se3.db"}
    said = check("--send", "--yes", "--device-key", "gate-7", **fresh)
    assert said.code == 0, said
    assert (
        "note  earlier connects are not known, so wait 40 seconds between checks: there is no database yet"
        in said.output
    )
    [element] = hub.received
    assert element["deviceKey"] == "gate-7"
    assert element["events"]["HistoryEvent"]["identity_id"] == "se3-check"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({}, "no event is stored yet"), ({"ENOS_EVENTS": "realtime"}, "would not go: ENOS_EVENTS is realtime")],
)
def test_with_nothing_to_send_it_says_how_to(
    check: Check, database: Database, hub: Hub, settings: dict[str, str], reason: str
) -> None:
    if settings:
        record(database, new_event(1))
    said = check("--send", "--yes", **settings)
    assert said.code == 1
    assert reason in said.error
    assert "--device-key KEY" in said.error
    assert (hub.messages, connects(database)) == (0, 0)


def test_nothing_is_sent_unless_somebody_agrees(check: Check, database: Database, hub: Hub) -> None:
    record(database, new_event(1))
    said = check("--send")
    assert said.code == 1
    assert "--yes" in said.error
    assert "of device AKOPKKKKK__192.168.1.25" in said.error
    assert (hub.messages, connects(database)) == (0, 0)


@pytest.mark.parametrize(
    ("code", "words"),
    [(1257, "no device with this key"), (1009, "check the product's permissions"), (429, "limits the flow")],
)
def test_a_refusal_is_explained(check: Check, hub: Hub, code: int, words: str) -> None:
    hub.code = code
    said = check("--send", "--yes", "--device-key", "gate-7")
    assert said.code == 1
    assert f"of device gate-7 with code {code}: " in said.error
    assert words in said.error


def test_silence_is_explained(check: Check, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enos_trial, "REPLY_SECONDS", 0.5)
    hub.silent = True
    said = check("--send", "--yes", "--device-key", "gate-7", ENOS_TOPIC_SLASH="true")
    assert said.code == 1
    assert f"EnOS did not answer on /{POST}_reply within 0.5 s" in said.error
    assert "ENOS_TOPIC_SLASH" in said.error


def note_connects(database: Database, count: int) -> None:
    with database.write() as connection:
        for _ in range(count):
            channels.note_connect(connection, DEFAULT_CHANNEL)


def test_a_connect_that_might_lock_the_channel_out_is_not_made(check: Check, database: Database) -> None:
    note_connects(database, 4)
    said = check("--yes")
    assert said.code == 1
    assert (seconds := re.search(r"Check again in (\d+) s", said.error))
    assert 100 < int(seconds[1]) <= 125
    assert connects(database) == 4


def test_a_forwarder_is_not_pushed_out_unasked(check: Check, database: Database) -> None:
    take_channel(database)
    said = check()
    assert said.code == 1
    assert "pushes out the forwarder on srv1, process 4711" in said.error
    assert connects(database) == 0
    assert check("--yes").code == 0
    assert connects(database) == 1


def test_room_is_left_for_the_forwarder_to_come_back(check: Check, database: Database) -> None:
    take_channel(database)
    note_connects(database, 3)
    said = check("--yes")
    assert said.code == 1
    assert "the forwarder needs one of them to come back" in said.error


@pytest.mark.parametrize("state", [ForwarderState.DISCONNECTED, ForwarderState.PAUSED])
def test_a_forwarder_that_is_not_connected_needs_no_room(
    check: Check, database: Database, state: ForwarderState
) -> None:
    """It counts the check's connect before its own next one, and there is nothing to push out."""
    take_channel(database, state)
    note_connects(database, 3)
    said = check()
    assert said.code == 0, said
    assert f"note  the forwarder on srv1, process 4711 is {state}: should it connect meanwhile" in said.output
    assert connects(database) == 4


def test_what_connected_while_the_person_thought_counts(
    check: Check, database: Database, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enos_check, "ask", lambda *_, **__: note_connects(database, 4))
    said = check("--send", "--device-key", "gate-7")
    assert said.code == 1
    assert "Check again in" in said.error
    assert (hub.messages, connects(database)) == (0, 4)


def test_a_forwarder_that_was_pushed_out_comes_back_within_the_limits(
    check: Check, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    with StrictHub(mosquitto.url, Rules(products={"pk": "secret"})) as hub:
        check(ENOS_BROKER_URL=hub.url)  # sets the environment for the forwarder as well
        with forwarder(tmp_path) as program:
            program.wait_for_output("channel_open")
            said = check("--yes", ENOS_BROKER_URL=hub.url)
            assert said.code == 0, said
            program.wait_until(lambda: program.output().count("channel_open") == 2)
        counters = hub.counters
        assert (counters.connects, counters.pushed_out) == (4, 1)
        assert (counters.refused_logins, counters.lockouts) == (0, 0)


def test_a_wrong_secret_is_explained(check: Check, mosquitto: Mosquitto) -> None:
    with StrictHub(mosquitto.url, Rules(products={"pk": "another"})) as hub:
        said = check(ENOS_BROKER_URL=hub.url)
    assert said.code == 1
    assert "the broker refused the login (" in said.error
    assert "the key, the secret or this machine's clock is wrong" in said.error


def several_channels(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """Settings of a site with a channel on each of these ports; each takes devices by their first word."""
    secret, mapping = folder / "secret", folder / "mapping.toml"
    secret.write_text("secret")
    mapping.write_text(
        "".join(
            f'[channels.{name}]\nbroker_url = "mqtt://127.0.0.1:{port}"\n'
            f'product_key = "pk"\nproduct_secret_file = "{secret}"\n'
            f'when = {{ devices = ["{name}-*"] }}\n'
            for name, port in ports.items()
        )
    )
    return {"ENOS_BROKER_URL": "", "ENOS_MAPPING": str(mapping)}


def test_every_channel_is_checked_or_one(check: Check, mosquitto: Mosquitto, tmp_path: Path) -> None:
    ports = {"north": mosquitto.port, "east": free_port(), "west": free_port()}
    settings = several_channels(tmp_path, ports)
    said = check(**settings)
    assert said.code == 1
    assert f"ok    north: mqtt://127.0.0.1:{mosquitto.port} took the login" in said.output
    assert f"ok    north: subscribed to {POST}_reply" in said.output
    for line, name in zip(said.error.splitlines(), ("east", "west"), strict=True):
        assert line.startswith(f"channel {name}: can't reach 127.0.0.1:{ports[name]}: nothing listens there")
    assert check("--channel", "north", **settings).code == 0
    assert check("--channel", "south", **settings).error == (
        "there is no channel south; there are: north, east, west"
    )


def test_a_channel_without_an_event_to_send_hides_no_fault_and_keeps_no_other_from_its_check(
    check: Check, database: Database, mosquitto: Mosquitto, hub: Hub, tmp_path: Path
) -> None:
    """The east is down, the west has no event, the north is well."""
    record(
        database,
        new_event(1, ext_data={"ep_id": "north-1", "dev_sno": "A"}),
        new_event(2, ext_data={"ep_id": "east-1", "dev_sno": "A"}),
    )
    ports = {"east": free_port(), "west": free_port(), "north": mosquitto.port}
    said = check("--send", "--yes", **several_channels(tmp_path, ports))
    assert said.code == 1
    east, west = said.error.splitlines()
    assert east.startswith(f"channel east: can't reach 127.0.0.1:{ports['east']}")
    assert west.startswith("channel west: event ")
    assert "would not go: it goes by channel" in west
    assert "ok    north: EnOS took event" in said.output
    assert [element["deviceKey"] for element in hub.received] == ["north-1"]


@pytest.mark.parametrize("arguments", [("--send",), ("--send", "--device-key", "gate-7")])
def test_a_message_that_is_too_large_is_not_sent(
    check: Check,
    database: Database,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.setattr(messages, "MOST_BYTES", 100)
    record(database, new_event(1))
    said = check(*arguments, "--yes")
    assert said.code == 1
    assert "bytes; EnOS takes 100" in said.error
    assert (hub.messages, connects(database)) == (0, 0)


def test_a_made_up_event_goes_by_the_channel_that_takes_its_device_alone(
    check: Check, mosquitto: Mosquitto, hub: Hub, tmp_path: Path
) -> None:
    settings = several_channels(tmp_path, {"east": free_port(), "north": mosquitto.port})
    said = check("--send", "--yes", "--device-key", "north-1", **settings)
    assert said.code == 0, said
    assert "ok    north: EnOS took a made-up event of device north-1" in said.output
    assert [element["deviceKey"] for element in hub.received] == ["north-1"]
    said = check("--send", "--yes", "--device-key", "gate-7", **settings)
    assert "no channel of the mapping file takes a made-up event of device gate-7" in said.error
    said = check("--send", "--yes", "--device-key", "north-1", "--channel", "east", **settings)
    assert said.error == "a made-up event of device north-1 goes by channel north"
    assert hub.messages == 1


@pytest.mark.parametrize("key", ["", "abc", "x" * 65])
def test_a_device_key_that_enos_can_not_have_is_refused(check: Check, hub: Hub, key: str) -> None:
    said = check("--send", "--yes", "--device-key", key)
    assert said.code == 2
    assert "--device-key must have 4 to 64 characters" in said.output
    assert hub.messages == 0


@pytest.mark.parametrize(
    "arguments",
    [("--device-key", "gate-7"), ("--send", "--device-key", "gate-7", "--event", str(new_id()))],
)
def test_options_that_do_not_go_together_are_refused(check: Check, arguments: tuple[str, ...]) -> None:
    assert check(*arguments).code == 2
