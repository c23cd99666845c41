"""Events that boxes serve on a WebSocket, and what becomes of them."""

import json
import queue
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.connection import Connection
from websockets.sync.server import ServerConnection, serve

from app.config import Settings
from app.errors import Se3Error
from app.receiver import intake, listener
from app.receiver.counting import Counting
from app.receiver.event.reading import read_events
from app.receiver.listener import listen
from app.simulators.box_socket import BoxSocket
from app.store import events, quarantine
from app.store.database import Database
from app.store.queries import counts
from app.store.writer import Writer
from app.telemetry.logs import configure_logging
from tests.support.new_events import BOUNDS
from tests.support.parts import find_openssl
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.programs import Program, own_program
from tests.support.waiting import wait_until

Listen = Callable[..., threading.Event]
Log = Callable[[], str]


@pytest.fixture
def box() -> Iterator[BoxSocket]:
    with BoxSocket(port=free_port()) as box:  # one that nobody takes while it is stopped
        yield box


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """All that was logged so far."""
    configure_logging()
    lines: list[str] = []

    def read() -> str:
        lines.append(capsys.readouterr().err)
        return "".join(lines)

    return read


@pytest.fixture
def listen_to(settings: Settings, database: Database) -> Iterator[Listen]:
    """Listens in a thread until the test ends, or sets the event that comes back."""
    with ExitStack() as stack:

        def start(*urls: str, devices: tuple[str, ...] = (), max_body_mb: int = 16) -> threading.Event:
            stop = threading.Event()
            changed = Settings(database_url=settings.database_url, max_body_mb=max_body_mb)
            writer = Writer(database, BOUNDS)
            stack.callback(writer.close)
            thread = threading.Thread(
                target=listen, args=(urls, devices, changed, writer, Counting(database), stop)
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(stop.set)
            return stop

        yield start


@contextmanager
def away(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    """While this lasts the database can't be reached."""
    if database.sqlite_file:
        elsewhere = database.sqlite_file.rename(database.sqlite_file.with_suffix(".away"))
        yield
        elsewhere.rename(database.sqlite_file)
    else:
        server = request.getfixturevalue("postgresql_server")
        server.stop()
        yield
        server.start()


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1's own, with its key in the same file."""
    file = folder / "box.pem"
    names = ["-subj", "/CN=box", "-addext", "subjectAltName=IP:127.0.0.1"]
    command: list[str | Path] = [
        find_openssl(),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        file,
        *names,
    ]
    made = subprocess.run(command, check=True, capture_output=True)
    with file.open("ab") as both:
        both.write(made.stdout)
    return file


def sent(number: int, **changes: Any) -> dict[str, Any]:
    """An event as the WebSocket carries it; another number is another event."""
    event = payload("realtime-v2r4") | {"timestamp": 1_566_016_554_000 + number}
    return event | {"device_id": "gate-7", "identity_info": {"face_ids": ["f1"]}} | changes


def stored(database: Database, count: int) -> list[dict[str, Any]]:
    """Wait until so many events are stored; gives them as they were sent, oldest first."""

    def reached() -> list[dict[str, Any]] | None:
        with database.read() as connection:
            found = events.latest(connection, 1000)
            documents = [events.document_as_sent(connection, event) for event in found]
        return sorted(documents, key=lambda document: document["timestamp"]) if len(found) >= count else None

    return wait_until(reached)


def test_events_arrive_whole(box: BoxSocket, database: Database, listen_to: Listen) -> None:
    address = box.url.removeprefix("ws://")
    listen_to(f"ws://user:secret@{address}/events?key=secret", devices=("gate-7", "gate-8"))
    assert box.wait_for_clients(1, timeout=15)
    assert box.requests == [{"need_face": True, "need_register": True, "event_list": ["gate-7", "gate-8"]}]
    for number in range(3):
        box.send(sent(number))
    assert stored(database, 3) == [sent(number) for number in range(3)]
    with database.read() as connection:
        event = events.latest(connection, 1)[0]
        assert counts(connection).outbox["pending"] == 3
    assert (event.kind, event.route) == ("realtime", f"ws://{address}/events")
    assert event.source_address == "127.0.0.1"


def test_each_url_is_listened_to_by_itself(database: Database, listen_to: Listen) -> None:
    nobody = f"ws://127.0.0.1:{free_port()}"
    with BoxSocket() as one, BoxSocket() as other:
        listen_to(nobody, one.url, other.url)
        assert one.wait_for_clients(1, timeout=15)
        assert other.wait_for_clients(1, timeout=15)
        one.send(sent(1))
        other.send(sent(2))
        assert stored(database, 2) == [sent(1), sent(2)]


def test_a_box_that_comes_back_is_connected_to_again(
    box: BoxSocket, database: Database, listen_to: Listen, log: Log
) -> None:
    listen_to(box.url)
    for number in range(2):
        assert box.wait_for_clients(1, timeout=15)
        box.send(sent(number))  # nothing waits for it to arrive
        box.stop()
        box.start()
    assert stored(database, 2) == [sent(0), sent(1)]
    assert "listener_lost" in log()


def test_what_is_refused_is_kept_and_holds_up_nothing(
    box: BoxSocket, database: Database, listen_to: Listen
) -> None:
    listen_to(box.url)
    assert box.wait_for_clients(1, timeout=15)
    wrong = sent(1, score="high", group_name=None)
    box.send(wrong)
    box.send(sent(2))
    assert stored(database, 1) == [sent(2)]
    with database.read() as connection:
        refused = quarantine.listed(connection, 10)
        assert [item.status for item in refused] == [422]
        found = quarantine.get(connection, refused[0].id)
    assert found is not None
    assert json.loads(found[1]) == wrong
    assert {problem["pointer"] for problem in refused[0].problems} == {"/score", "/group_name"}
    assert refused[0].route == box.url


def test_a_fault_of_our_own_keeps_the_message_and_the_rest_goes_on(
    box: BoxSocket, database: Database, listen_to: Listen, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_on_the_first(kind: Any, decoded: Any, *rest: Any) -> Any:
        if decoded.documents[0]["timestamp"] == sent(1)["timestamp"]:
            raise ZeroDivisionError
        return read_events(kind, decoded, *rest)

    monkeypatch.setattr("app.receiver.intake.read_events", fail_on_the_first)
    listen_to(box.url)
    assert box.wait_for_clients(1, timeout=15)
    box.send(sent(1))
    box.send(sent(2))
    assert stored(database, 1) == [sent(2)]
    with database.read() as connection:
        assert [item.status for item in quarantine.listed(connection, 10)] == [500]
    assert "message_failed" in log()
    assert sent(1)["identity_name"] not in log()


def test_a_database_that_goes_away_loses_no_event(
    request: pytest.FixtureRequest,
    box: BoxSocket,
    database: Database,
    listen_to: Listen,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake, "STORE_RETRY_SECONDS", 0.1)
    tries = 0

    def submit(*job: Any) -> list[Any]:
        nonlocal tries
        tries += 1
        return original(*job)

    original = Writer.submit
    monkeypatch.setattr(Writer, "submit", submit)
    listen_to(box.url)
    assert box.wait_for_clients(1, timeout=15)
    box.send(sent(0))
    stored(database, 1)
    tries = 0
    with away(request, database):
        for number in range(1, 31):  # more than the client holds in its memory
            box.send(sent(number))
        wait_until(lambda: tries > 3)
    assert stored(database, 31) == [sent(number) for number in range(31)]
    assert log().count(" store_unavailable ") == 1
    assert len(box.requests) == 1


def test_a_stop_while_the_database_is_away_says_what_is_lost(
    request: pytest.FixtureRequest, box: BoxSocket, database: Database, listen_to: Listen, log: Log
) -> None:
    stop = listen_to(box.url)
    assert box.wait_for_clients(1, timeout=15)
    with away(request, database):
        box.send(sent(1))
        wait_until(lambda: "store_unavailable" in log())
        stop.set()
        wait_until(lambda: "event_lost" in log())


def test_what_had_come_before_a_stop_is_stored(
    box: BoxSocket, database: Database, listen_to: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def read_when_told(*arguments: Any) -> Any:
        arrived.set()
        go_on.wait(15)
        return read_events(*arguments)

    monkeypatch.setattr("app.receiver.intake.read_events", read_when_told)
    stop = listen_to(box.url)
    assert box.wait_for_clients(1, timeout=15)
    for number in range(3):
        box.send(sent(number))
    assert arrived.wait(15)
    stop.set()
    assert box.wait_for_clients(0, timeout=15)
    go_on.set()
    assert len(stored(database, 3)) == 3


def test_a_message_that_is_too_large_ends_only_its_connection(
    box: BoxSocket, database: Database, listen_to: Listen, log: Log
) -> None:
    listen_to(box.url, max_body_mb=1)
    assert box.wait_for_clients(1, timeout=15)
    box.send(sent(1))
    box.send(sent(2, padding="x" * 2**20))
    wait_until(lambda: len(box.requests) == 2)
    assert box.wait_for_clients(1, timeout=15)
    box.send(sent(3))
    assert stored(database, 2) == [sent(1), sent(3)]
    assert "1009 (message too big)" in log()


def test_a_box_that_hangs_is_noticed_and_a_quiet_one_is_not(
    tmp_path: Path, listen_to: Listen, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "QUIET_SECONDS", 0.6)
    monkeypatch.setattr(listener, "_CLOSE_SECONDS", 0.1)
    port = free_port()
    ports = ["--socket-port", str(port), "--api-port", str(free_port())]
    with Program([own_program("se3"), "simulate", "device", *ports], tmp_path / "out.log") as device:
        device.wait_for_output("API at")
        pings = threading.Semaphore(0)
        ping = Connection.ping

        def counted(connection: Connection) -> threading.Event:
            pings.release()
            return ping(connection)

        monkeypatch.setattr(Connection, "ping", counted)
        listen_to(f"ws://127.0.0.1:{port}")
        assert all(pings.acquire(timeout=15) for _ in range(4))
        assert "listener_lost" not in log()
        device.send(signal.SIGSTOP)
        wait_until(lambda: "answered no ping" in log())
        device.send(signal.SIGCONT)


def test_an_encrypted_websocket_is_listened_to(
    tmp_path: Path, database: Database, listen_to: Listen, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    request: queue.SimpleQueue[str | bytes] = queue.SimpleQueue()

    def serve_one(connection: ServerConnection) -> None:
        request.put(connection.recv())
        connection.send(json.dumps(sent(1)))

    with serve(serve_one, "127.0.0.1", 0, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"wss://127.0.0.1:{server.socket.getsockname()[1]}"
        stop = listen_to(url)
        wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in log())
        stop.set()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "box.pem"))
        listen_to(url)
        assert request.get(timeout=15)
        assert stored(database, 1) == [sent(1)]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("url", ["http://box:5679", "ws://", "box:5679", "ws://user:secret@box:port"])
def test_a_wrong_address_is_said_at_once(settings: Settings, database: Database, url: str) -> None:
    with pytest.raises(Se3Error, match="must look like") as raised:
        listen([url], [], settings, Writer(database, BOUNDS), Counting(database), threading.Event())
    assert "secret" not in str(raised.value)
