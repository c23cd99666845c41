"""Boxes that are set up and listened to by command, as processes."""

import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.simulators.addresses import device_id
from app.store.database import Database
from app.store.events import latest
from tests.acceptance.conftest import Product
from tests.support.ports import free_port
from tests.support.programs import Program, own_program

DEVICE_ID = device_id("SIM00001")


@dataclass
class SimulatedDevice:
    """A running `se3 simulate device`."""

    program: Program
    api: str
    socket: str


@pytest.fixture
def device(tmp_path: Path) -> Iterator[SimulatedDevice]:
    api_port, socket_port = free_port(), free_port()
    ports = ["--api-port", str(api_port), "--socket-port", str(socket_port)]
    arguments: list[str | Path] = [own_program("se3"), "simulate", "device", *ports, "--rate", "5"]
    with Program(arguments, tmp_path / "device.log") as program:
        program.wait_for_output("API at")
        yield SimulatedDevice(program, f"127.0.0.1:{api_port}", f"ws://127.0.0.1:{socket_port}")


def test_a_box_that_is_configured_posts_to_the_receiver(product: Product, device: SimulatedDevice) -> None:
    said = product.se3(
        "box", "configure", "--host", device.api, "--receiver", product.url, "--content-type", "form-data"
    )
    assert f"ok    history events go to {product.url}/HistoryEvent" in said
    product.wait_for(lambda found: found.events >= 4)
    with (
        closing(Database(product.settings["DATABASE_URL"])) as database,
        database.read() as connection,
    ):
        found = latest(connection, 100)
    assert {event.kind for event in found} == {"history", "realtime"}
    assert {event.dev_sno for event in found if event.kind == "history"} == {"SIM00001"}
    assert not any(event.typed for event in found)
    assert device.program.stop(signal.SIGINT) == 0
    assert "posts accepted" in device.program.output()
    assert product.counts().quarantine == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_listening_stores_events_until_it_is_told_to_stop(
    tmp_path: Path, database: Database, device: SimulatedDevice, number: signal.Signals
) -> None:
    settings = {"DATABASE_URL": database.url.render_as_string(hide_password=False)}
    command: list[str | Path] = [own_program("se3"), "listen", device.socket, "--device", DEVICE_ID]
    with Program(command, tmp_path / "listen.log", env=settings) as program:
        program.wait_for_output("event_stored")
        assert program.stop(number, timeout=5) == 0
        output = program.output()
    assert "Traceback" not in output
    with database.read() as connection:
        found = latest(connection, 100)
    assert len(found) == output.count("event_stored")
    assert {event.document["device_id"] for event in found} == {DEVICE_ID}


def test_listening_can_be_stopped_while_a_box_does_not_answer(tmp_path: Path, sqlite_url: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        nobody = f"ws://127.0.0.1:{free_port()}"
        urls = [nobody, f"ws://127.0.0.1:{mute.getsockname()[1]}"]
        command: list[str | Path] = [own_program("se3"), "listen", *urls]
        with Program(command, tmp_path / "listen.log", env={"DATABASE_URL": sqlite_url}) as program:
            program.wait_for_output(f"listener_lost.*{nobody}")
            connection, _ = mute.accept()
            with connection:
                assert connection.recv(1)  # it waits for the answer now
                assert program.stop(timeout=8) == 0


@pytest.mark.parametrize(
    ("url", "database_file", "message"),
    [
        ("ws://127.0.0.1", "none.db", "run se3 migrate"),
        ("http://127.0.0.1", "se3.db", "must look like ws://"),
    ],
)
def test_listening_needs_a_database_and_a_websocket(
    tmp_path: Path, sqlite_url: str, url: str, database_file: str, message: str
) -> None:
    settings = {"DATABASE_URL": sqlite_url.replace("se3.db", database_file)}
    with Program([own_program("se3"), "listen", url], tmp_path / "listen.log", env=settings) as program:
        program.wait_until(lambda: program.exit_code is not None)
        assert program.exit_code == 1
        assert message in program.output()
        assert "Traceback" not in program.output()
