"""se3 enos devices, over a real database."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import enos_devices
from app.cli.main import se3
from app.domain.events import Kind, NewEvent
from app.store import events
from app.store.database import Database
from tests.support.new_events import new_event

MAPPING = """
device_key = ["device_ip"]
filter.max_score = 100
[channels.gates]
broker_url = "mqtt://gates.example"
product_key = "gateProduct"
product_secret_file = "var/not-there.secret"
when.devices = ["10.1.*"]
[channels.cameras]
broker_url = "mqtt://cameras.example"
product_key = "cameraProduct"
product_secret_file = "var/not-there.secret"
"""

Devices = Callable[..., Result]


@pytest.fixture
def devices(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Devices:
    """Runs it over the test's database with these settings."""

    def run(*arguments: str, **settings: str) -> Result:
        for name, value in {"DATABASE_URL": database_url.replace("+psycopg", ""), **settings}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(se3, ["enos", "devices", *arguments])

    return run


def record(database: Database, new: Iterable[NewEvent]) -> None:
    with database.write() as connection:
        events.record(connection, list(new))


def seen_at(address: str, number: int, **changes: Any) -> NewEvent:
    return new_event(number, ext_data={"dev_sno": address, "device_ip": address}, **changes)


def test_each_device_is_printed_once_and_in_order(
    devices: Devices, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enos_devices, "_AT_ONCE", 2)
    record(database, [seen_at(f"10.0.0.{9 - number % 3}", number) for number in range(7)])
    result = devices()
    assert result.stdout == "10.0.0.7\n10.0.0.8\n10.0.0.9\n"
    assert result.stderr == "looked at 7 events, the newest\n"


def test_only_the_newest_are_looked_at(
    devices: Devices, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enos_devices, "_AT_ONCE", 2)
    new = [seen_at(f"10.0.0.{number}", number) for number in range(5)]
    record(database, new)
    newest = sorted((one.event for one in new), key=lambda event: event.id)[-3:]
    result = devices("--limit", "3")
    assert result.stdout.split() == sorted(str(event.dev_sno) for event in newest)
    assert result.stderr == "looked at 3 events, the newest\n"


def test_the_keys_are_those_of_the_mapping_and_the_channel(
    devices: Devices, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING)
    record(
        database,
        [
            seen_at("10.1.0.1", 1),
            seen_at("10.1.0.1", 2, kind=Kind.REALTIME),
            seen_at("10.2.0.2", 3),
            seen_at("10.2.0.3", 4, score=101),
            seen_at("ip", 5),
            seen_at("10.9\n10.8", 6),
        ],
    )
    settings = {"ENOS_MAPPING": str(tmp_path / "mapping.toml")}
    result = devices(**settings)
    assert result.stdout == "10.1.0.1\n10.2.0.2\n"
    assert result.stderr.splitlines() == [
        "looked at 6 events, the newest",
        "1 of them would not go to EnOS, by ENOS_EVENTS or the mapping file",
        "1 of them have a device key with control characters, which is not printed",
        "1 of them would be parked without a device key: none of device_ip holds 4 to 64 characters",
    ]
    gates = devices("--channel", "gates", **settings)
    assert gates.stdout == "10.1.0.1\n"
    assert "3 of them go by other channels" in gates.stderr
    south = devices("--channel", "south", **settings)
    assert str(south.exception) == "there is no channel south; there are: gates, cameras"
    history = devices(ENOS_EVENTS="realtime", **settings)
    assert history.stdout == "10.1.0.1\n"


def test_without_events_nothing_is_printed(devices: Devices) -> None:
    result = devices()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "looked at 0 events, the newest\n"
