"""Real forwarders against EnOS to the letter: what it forbids never happens, and nothing is lost.

`make long` runs the first two with more events and more kills. Each prints what it saw.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url

from app.domain.events import NewEvent
from app.errors import StoreUnavailable
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.model import load_model
from app.simulators.enos.strict_hub import StrictHub
from app.store import channels, deliveries, events
from app.store.database import Database
from app.store.queries import counts
from tests.support.fast_forwarder import CLAIMED_AT_ONCE, MOST_FLIGHTS, SCALE
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import new_event
from tests.support.programs import Program, own_program
from tests.support.settings import child_environment
from tests.support.stalling_proxy import StallingProxy
from tests.support.waiting import wait_until

EVENTS = int(os.environ.get("BACKLOG_EVENTS", "800"))
IS_LONG = EVENTS >= 20_000
BROKEN, RESTRICTED_SECONDS = (20, 10.0) if IS_LONG else (6, 3.0)
KILLS = int(os.environ.get("FORWARDER_KILLS", "2"))
MORE_THAN_A_LIFE = 4000  # events: it lasts half a second, and a tenth of a second brings 1,000 to EnOS
PATIENCE = 60 + EVENTS / 100
FIRST = 1_566_016_554_000
DEVICE = "AKOPKKKKK__192.168.1.25"

FAST = [sys.executable, "-m", "tests.support.fast_forwarder"]
REAL: list[str | Path] = [own_program("se3"), "forward"]


def broken(number: int) -> dict[str, Any]:
    """What makes EnOS refuse an event: its device is not registered, or the model lacks a member."""
    if number % 2:
        return {"ext_data": {"ep_id": f"unregistered-{number}", "dev_sno": "A"}}
    return {"want_action": "1"}


def fill(database: Database, numbers: range, offenders: Set[int] = frozenset()) -> None:
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        new = [new_event(n, reg_pic="", **(broken(n) if n in offenders else {})) for n in some]
        try:
            record(database, new)
        except StoreUnavailable:  # the machine stood still for 5 s; a box would come again
            record(database, new)


def record(database: Database, new: list[NewEvent]) -> None:
    with database.write() as connection:
        events.record(connection, new)


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {state: number for state, number in counts(connection).outbox.items() if number}


def waiting(database: Database) -> int:
    with database.read() as connection:
        return counts(connection).waiting


def forwarder_states(database: Database) -> set[str]:
    with database.read() as connection:
        return {found.state for found in channels.forwarders(connection)}


def is_drained(database: Database) -> bool:
    return waiting(database) == 0


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    """The default mapping's own thing model, but for one member; one registered device; one product."""
    printed = subprocess.run(
        [own_program("se3"), "enos", "model", "--json"],
        env=child_environment({}),
        capture_output=True,
        check=True,
    )
    model = json.loads(printed.stdout)
    for event in model["events"]:
        event["outputData"] = [m for m in event["outputData"] if m["identifier"] != "want_action"]
    (tmp_path / "model.json").write_text(json.dumps(model))
    return Rules({"pk": "secret"}, load_model(tmp_path / "model.json"), {DEVICE}, SCALE)


Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Starts a forwarder."""
    with ExitStack() as stack:

        def start_one(hub: StrictHub, command: list[str | Path]) -> Program:
            settings = {
                "DATABASE_URL": database_url,
                "ENOS_BROKER_URL": hub.url,
                "ENOS_PRODUCT_KEY": "pk",
                "ENOS_PRODUCT_SECRET": "secret",
            }
            return stack.enter_context(Program(command, tmp_path / "forward.log", env=settings))

        yield start_one


def assert_within_the_rules(hub: StrictHub) -> None:
    counters = hub.counters
    assert (counters.lockouts, counters.refused_logins, counters.pushed_out) == (0, 0, 0)
    assert (counters.oversize, counters.over_rate, counters.violations) == (0, 0, 0)
    assert counters.most_bytes_in_a_second <= 1_000_000
    assert counters.most_connections_at_once == {"pk": 1}


@pytest.mark.timeout(PATIENCE * 2 + 180)
def test_a_backlog_gets_through_whatever_enos_does(
    database: Database, mosquitto: Mosquitto, rules: Rules, start: Start
) -> None:
    """Broken events, a restart, lost replies and a restricted flow: the rest arrives, within every rule."""
    offenders = set(random.Random(7).sample(range(EVENTS), BROKEN))
    fill(database, range(EVENTS), offenders)
    hub = StrictHub(mosquitto.url, replace(rules, time_scale=1.0 if IS_LONG else SCALE), keep=0)
    hub.silence_share = 0.05
    with hub:
        began = time.monotonic()
        start(hub, REAL if IS_LONG else FAST)
        assert hub.wait_for_events(EVENTS // 5, PATIENCE)
        hub.restart(0.5)
        assert hub.wait_for_events(EVENTS // 2, PATIENCE)
        hub.restrict(RESTRICTED_SECONDS)
        wait_until(lambda: is_drained(database), PATIENCE)
        seconds = time.monotonic() - began
    assert_within_the_rules(hub)
    assert states(database) == {"delivered": EVENTS - BROKEN, "parked": BROKEN}
    assert {at - FIRST for _, at in hub.times} == set(range(EVENTS)) - offenders
    with database.read() as connection:
        parked = deliveries.listed(connection, None, EVENTS)
        codes = {row.event_id: row.code for row in parked if row.state == "parked"}
        found = {event.id: int(event.timestamp) - FIRST for event in events.get_many(connection, codes)}
    assert {found[event_id]: code for event_id, code in codes.items()} == {
        number: 1257 if number % 2 else 1204 for number in offenders
    }
    doubles = hub.events - len(hub.times)
    print(f"{EVENTS} events in {seconds:.0f} s, {hub.messages} messages, {doubles} doubles, {hub.counters}")  # noqa: T201


@pytest.mark.timeout(PATIENCE + KILLS * 15 + 120)
def test_kills_lose_nothing_and_double_no_more_than_what_was_on_its_way(
    database: Database, mosquitto: Mosquitto, rules: Rules, start: Start
) -> None:
    number = 0
    chance = random.Random(3)
    doubles = []
    with StrictHub(mosquitto.url, rules, keep=0) as hub:
        for _ in range(KILLS):
            new = range(number, number + MORE_THAN_A_LIFE - waiting(database))
            fill(database, new)
            number += len(new)
            before, doubled = hub.messages, hub.events - len(hub.times)
            forwarder = start(hub, FAST)
            forwarder.wait_until(lambda: hub.messages > before + 1, 60)  # noqa: B023 - called at once
            time.sleep(chance.uniform(0, 0.3))  # anywhere in its work
            forwarder.kill()
            doubles.append(hub.events - len(hub.times) - doubled)
        start(hub, FAST)
        wait_until(lambda: is_drained(database), PATIENCE)
        doubles.append(hub.events - len(hub.times) - sum(doubles))
    assert_within_the_rules(hub)
    assert states(database) == {"delivered": number}
    assert {at - FIRST for _, at in hub.times} == set(range(number))
    assert max(doubles) <= MOST_FLIGHTS * 2 * CLAIMED_AT_ONCE
    print(f"{KILLS} kills, {number} events, doubles after each kill: {doubles}")  # noqa: T201


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_forwarder_takes_over_within_ten_seconds_and_never_beside_the_first(
    database: Database, mosquitto: Mosquitto, rules: Rules, start: Start, number: signal.Signals
) -> None:
    with StrictHub(mosquitto.url, rules) as hub:
        first = start(hub, REAL)
        wait_until(lambda: hub.counters.most_connections_at_once)
        second = start(hub, REAL)
        fill(database, range(50))
        assert hub.wait_for_events(50, 15)
        ended = time.monotonic()
        first.kill() if number == signal.SIGKILL else first.stop(number)
        fill(database, range(50, 60))
        assert hub.wait_for_events(60, 15)
        took = time.monotonic() - ended
        wait_until(lambda: is_drained(database))
        assert second.exit_code is None
    print(f"{number.name}: the next forwarder delivered everything {took:.1f} s later")  # noqa: T201
    assert took < 10
    assert hub.counters.connects == 2
    assert_within_the_rules(hub)


def test_a_forwarder_that_is_told_to_stop_in_its_work_loses_and_doubles_nothing(
    database: Database, mosquitto: Mosquitto, rules: Rules, start: Start
) -> None:
    with StrictHub(mosquitto.url, rules, keep=0) as hub:
        for number in range(2):
            fill(database, range(number * 1000, number * 1000 + 1000))
            before = hub.messages
            forwarder = start(hub, FAST)
            forwarder.wait_until(lambda: hub.messages > before, 60)  # noqa: B023 - called at once
            assert forwarder.stop(timeout=30) == 0
        start(hub, FAST)
        wait_until(lambda: is_drained(database), PATIENCE)
    assert states(database) == {"delivered": 2000}
    assert (len(hub.times), hub.events) == (2000, 2000)
    assert_within_the_rules(hub)


def test_a_forwarder_that_is_cut_off_from_the_database_is_gone_before_the_next_connects(
    postgresql_url: str, mosquitto: Mosquitto, rules: Rules, tmp_path: Path
) -> None:
    """It waits for an answer of the database for longer than its lease lasts."""
    url = make_url(postgresql_url)
    login = {"ENOS_PRODUCT_KEY": "pk", "ENOS_PRODUCT_SECRET": "secret"}
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(postgresql_url)))
        hub = stack.enter_context(StrictHub(mosquitto.url, rules))
        line = stack.enter_context(StallingProxy(url.port or 5432))

        def start(port: int | None) -> Program:
            address = url.set(port=port).render_as_string(hide_password=False)
            settings = login | {"DATABASE_URL": address, "ENOS_BROKER_URL": hub.url}
            return stack.enter_context(Program(REAL, tmp_path / "forward.log", env=settings))

        first = start(line.port)
        fill(database, range(50))
        assert hub.wait_for_events(50, 15)
        second = start(url.port)
        second.wait_until(lambda: "standby" in forwarder_states(database))
        line.stall()
        second.wait_until(lambda: hub.counters.connects == 2, 15)
        fill(database, range(50, 60))
        assert hub.wait_for_events(60, 15)
        assert_within_the_rules(hub)
        assert "lease_lapsed" in first.output()
        line.flow()
        first.wait_until(lambda: "lease_lost" in first.output(), 30)
        assert_within_the_rules(hub)


@pytest.mark.parametrize("qos", ["0", "1"])
def test_a_line_that_stalls_brings_no_more_than_a_megabyte_a_second(
    sqlite_url: str, mosquitto: Mosquitto, rules: Rules, tmp_path: Path, qos: str
) -> None:
    """What waited in the sockets arrives all at once; what is sent behind it must leave room for that."""
    number = 2_500  # half a dozen stalls
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(sqlite_url)))
        hub = stack.enter_context(StrictHub(mosquitto.url, rules, keep=0))
        line = stack.enter_context(StallingProxy(urlsplit(hub.url).port or 0))
        fill(database, range(number))
        settings = {
            "DATABASE_URL": sqlite_url,
            "ENOS_BROKER_URL": f"mqtt://127.0.0.1:{line.port}",
            "ENOS_PRODUCT_KEY": "pk",
            "ENOS_PRODUCT_SECRET": "secret",
            "ENOS_QOS": qos,
        }
        forwarder = stack.enter_context(Program(REAL, tmp_path / "forward.log", env=settings))
        assert hub.wait_for_events(100, 15)
        while not is_drained(database):
            line.stall()
            time.sleep(1.2)
            line.flow()
            time.sleep(1.0)
            assert forwarder.exit_code is None
        assert len(hub.times) == number
        assert_within_the_rules(hub)
