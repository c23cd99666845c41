"""Listens in on one MQTT connection, and tells each packet that passed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_NAMES = {1: "CONNECT", 2: "CONNACK", 3: "PUBLISH", 4: "PUBACK", 8: "SUBSCRIBE", 9: "SUBACK"}


@dataclass(frozen=True, slots=True)
class Packet:
    """An MQTT 3.1.1 packet: its name, the four flag bits of its first byte, and what follows its length."""

    name: str
    flags: int
    body: bytes


@dataclass
class Tap:
    """`port` is the one to connect to; `packets` holds those of both sides as they passed."""

    port: int
    packets: list[Packet] = field(default_factory=list)

    def of(self, name: str) -> list[Packet]:
        """All that passed of one name."""
        return [packet for packet in self.packets if packet.name == name]

    def names(self) -> list[str]:
        """What passed, in order."""
        return [packet.name for packet in self.packets]


class Body:
    """Reads a packet's body from its beginning."""

    def __init__(self, body: bytes) -> None:
        self._rest = body

    def number(self, size: int) -> int:
        """So many bytes as a number."""
        return int.from_bytes(self.raw(size))

    def text(self) -> str:
        """A text behind its length."""
        return self.raw(self.number(2)).decode()

    def raw(self, size: int) -> bytes:
        """So many bytes."""
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def rest(self) -> bytes:
        """All that is left."""
        return self.raw(len(self._rest))


@contextmanager
def tapped(broker_port: int) -> Iterator[Tap]:
    """Stand between one client and the broker on this port of 127.0.0.1 until the client has gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tap = Tap(listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, broker_port, tap))
        thread.start()
        try:
            yield tap
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes an accept that nobody came for
            thread.join()


def _serve(listener: socket.socket, broker_port: int, tap: Tap) -> None:
    try:
        client, _ = listener.accept()
    except OSError:
        return
    with client, socket.create_connection(("127.0.0.1", broker_port)) as broker:
        back = threading.Thread(target=_pass_on, args=(broker, client, tap))
        back.start()
        _pass_on(client, broker, tap)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket, tap: Tap) -> None:
    stream = _Stream()
    while data := source.recv(65_536):
        tap.packets += stream.feed(data)  # before it goes on: what it causes comes later in the list
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


class _Stream:
    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, data: bytes) -> list[Packet]:
        """Add bytes; gives the packets that are whole now."""
        self._bytes += data
        packets = []
        while bounds := self._bounds():
            start, stop = bounds
            first = self._bytes[0]
            packets.append(
                Packet(_NAMES.get(first >> 4, str(first >> 4)), first & 15, self._bytes[start:stop])
            )
            self._bytes = self._bytes[stop:]
        return packets

    def _bounds(self) -> tuple[int, int] | None:
        """Where the first packet's body starts and stops, if all of it has come."""
        length = 0
        for position, byte in enumerate(self._bytes[1:5]):
            length |= (byte & 127) << (7 * position)
            if byte < 128:
                start = position + 2
                return (start, start + length) if len(self._bytes) >= start + length else None
        return None
