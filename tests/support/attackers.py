"""Clients that mean harm, one that doesn't, and what the receiver's processes take meanwhile."""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.config import ROOT
from tests.support.bad_requests import BadRequest
from tests.support.receivers import Receiver

STRANGER = "127.0.0.66"
_PATIENCE_SECONDS = 30.0
_STATUS = re.compile(rb"(?:^|\n)HTTP/1\.1 (\d{3}) [A-Z]")
_TOLD = re.compile(rb'Traceback|File "|site-packages|sqlite|\.py\b|' + re.escape(str(ROOT).encode()))
"""What no reply may hold: something of how the server is made."""


def connect(receiver: Receiver, source: str = STRANGER, room: int = 2**16) -> socket.socket:
    """Connect from an address of this machine; `room`: bytes of replies that may wait on this side."""
    host, port = receiver.address.split(":")
    connection = socket.socket()
    connection.settimeout(_PATIENCE_SECONDS)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.bind((source, 0))
    connection.connect((host, int(port)))
    return connection


@dataclass
class Findings:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[BadRequest, bytes]] = field(default_factory=list)

    def note(self, sent: BadRequest, reply: bytes) -> None:
        """Judge what came back for a request: no error of the server's, and nothing of how it is made."""
        statuses = [int(status) for status in _STATUS.findall(reply)]
        self.statuses.update(statuses)
        if not statuses:
            self.silent[sent.kind] += 1
        if any(status >= 500 for status in statuses) or _TOLD.search(reply):
            self.wrong.append((sent, reply))


def exchange(receiver: Receiver, sent: BadRequest) -> bytes:
    """Send it on a connection of its own, and read what comes back to its end."""
    with connect(receiver) as connection, suppress(ConnectionError):
        with suppress(ConnectionError):  # it was refused before it was sent: the reply may still be there
            for piece in sent.pieces:
                connection.sendall(piece)
            if sent.aborts:
                return b""
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: _received(connection), b""))
    return b""


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


@contextmanager
def _running(work: Callable[[], None], ended: threading.Event) -> Iterator[None]:
    """Run it in a thread until the block ends."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class GoodBox:
    """Posts an event of its own again and again, as a box does, and notes how long each reply took."""

    def __init__(self, receiver: Receiver, every_seconds: float) -> None:
        """Nothing is posted before `posting`."""
        self._receiver = receiver
        self._every_seconds = every_seconds
        self.began: list[float] = []  # by the monotonic clock, as `seconds` each
        self.seconds: list[float] = []
        self.failures: list[object] = []

    @contextmanager
    def posting(self) -> Iterator[None]:
        """Post while the block lasts."""
        ended = threading.Event()

        def post() -> None:
            while not ended.wait(self._every_seconds):
                began = time.monotonic()
                try:
                    outcome: object = self._receiver.post(len(self.seconds) + 1)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is to be told
                    outcome = error
                self.began.append(began)
                self.seconds.append(time.monotonic() - began)
                if outcome != (200, False):
                    self.failures.append(outcome)

        with _running(post, ended):
            yield


class Memory:
    """The memory of the receiver's processes, by process: resident bytes, and the most there ever were."""

    def __init__(self, receiver: Receiver) -> None:
        """`receiver` runs, with its writer process."""
        master = receiver.program.pid
        workers = [pid for pid in _pids() if _parent(pid) == master]
        names = {master: "master", receiver.writers()[-1]: "writer"}
        self._names = names | {pid: f"worker {number}" for number, pid in enumerate(workers, 1)}

    def megabytes(self, what: str) -> dict[str, int]:
        """`what`: VmRSS, now, or VmHWM, the most; of each process. One that has ended is missed."""
        return {name: _kilobytes(pid, what) // 1024 for pid, name in self._names.items()}


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended
        return 0


def _kilobytes(pid: int, what: str) -> int:
    found = re.search(rf"^{what}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found, f"process {pid} has ended"
    return int(found[1])


@contextmanager
def slow_crowd(receiver: Receiver, begun: list[bytes], number: int) -> Iterator[None]:
    """So many that begin a request, in one of these ways, send a byte a second, and begin anew."""
    ended = threading.Event()
    with ExitStack() as stack:
        connections = {at: stack.enter_context(connect(receiver)) for at in range(number)}
        for at, connection in connections.items():
            connection.send(begun[at % len(begun)])

        def trickle() -> None:
            while not ended.wait(1.0):
                for at, connection in connections.items():
                    try:
                        connection.send(b"1")
                    except OSError:
                        connections[at] = stack.enter_context(connect(receiver))
                        connections[at].send(begun[at % len(begun)])

        with _running(trickle, ended):
            yield
