"""MQTT 3.1.1 on the wire, as far as the front must read and write it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.errors import Se3Error

CONNECT, PUBLISH, SUBSCRIBE, SUBACK, UNSUBSCRIBE, DISCONNECT = 1, 3, 8, 9, 10, 14
REFUSED_SUBSCRIPTION = 0x80

_LONGEST_LENGTH = 4  # bytes that give the length of what follows
_MOST_FILTERS = 125  # whose answer's length fits one byte
_USERNAME, _PASSWORD, _WILL = 0x80, 0x40, 0x04


class Malformed(Se3Error):
    """What came is not MQTT."""


class Packet(NamedTuple):
    """One packet: all its bytes, and where in them its fields begin."""

    raw: bytes
    body: int

    @property
    def kind(self) -> int:
        """One of CONNECT, PUBLISH and so on."""
        return self.raw[0] >> 4


def split(buffer: bytearray) -> list[Packet]:
    """Take the whole packets from the beginning of `buffer`; what it keeps is not whole yet.

    Raises:
        Malformed: a length that MQTT does not allow.
    """
    packets, start = [], 0
    while (bounds := _bounds(buffer, start)) and bounds[1] <= len(buffer):
        packets.append(Packet(bytes(buffer[start : bounds[1]]), bounds[0] - start))
        start = bounds[1]
    del buffer[:start]
    return packets


def _bounds(buffer: bytearray, start: int) -> tuple[int, int] | None:
    """Where the fields begin and end, or None while the length has not come whole."""
    length = 0
    for place in range(_LONGEST_LENGTH):
        at = start + 1 + place
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << 7 * place
        if buffer[at] < 0x80:
            return at + 1, at + 1 + length
    raise Malformed("a packet's length is broken")


@dataclass(frozen=True, slots=True)
class Connect:
    """A login. Of another protocol than MQTT 3.1.1, whose level is 4, all but the level is left empty."""

    level: int
    keep_alive: int = 0
    client_id: str = ""
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Publish:
    """A message. `identifier` is that of its packet, 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    identifier: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A SUBSCRIBE or UNSUBSCRIBE."""

    identifier: int
    filters: tuple[str, ...]


class _Fields:
    """Reads the fields of a packet, one after the other."""

    def __init__(self, packet: Packet) -> None:
        self._raw, self._at = packet.raw, packet.body

    def __bool__(self) -> bool:
        return self._at < len(self._raw)

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size))

    def text(self) -> str:
        try:
            return self._take(self.number(2)).decode()
        except UnicodeDecodeError as error:
            raise Malformed("a packet's text is not UTF-8") from error

    def rest(self) -> bytes:
        return self._take(len(self._raw) - self._at)

    def skip(self) -> None:
        self._take(self.number(2))

    def _take(self, size: int) -> bytes:
        taken = self._raw[self._at : self._at + size]
        if len(taken) < size:
            raise Malformed("a packet ends too soon")
        self._at += size
        return taken


def read_connect(packet: Packet) -> Connect:
    """Read a CONNECT.

    Raises:
        Malformed: it breaks off, or holds text that is not UTF-8.
    """
    fields = _Fields(packet)
    name, level = fields.text(), fields.number(1)
    if (name, level) != ("MQTT", 4):
        return Connect(level if name == "MQTT" else 0)
    flags, keep_alive, client_id = fields.number(1), fields.number(2), fields.text()
    if flags & _WILL:
        fields.skip()
        fields.skip()
    username = fields.text() if flags & _USERNAME else ""
    return Connect(level, keep_alive, client_id, username, fields.text() if flags & _PASSWORD else "")


def read_publish(packet: Packet) -> Publish:
    """Read a PUBLISH.

    Raises:
        Malformed: as above.
    """
    fields = _Fields(packet)
    topic, qos = fields.text(), packet.raw[0] >> 1 & 3
    identifier = fields.number(2) if qos else 0
    return Publish(topic, fields.rest(), qos, bool(packet.raw[0] & 1), identifier)


def read_subscribe(packet: Packet) -> Subscribe:
    """Read a SUBSCRIBE or an UNSUBSCRIBE.

    Raises:
        Malformed: as above, or it has more filters than `suback` can answer.
    """
    fields, filters = _Fields(packet), []
    identifier = fields.number(2)
    while fields:
        filters.append(fields.text())
        if packet.kind == SUBSCRIBE:
            fields.number(1)  # the QoS it asks for
    if len(filters) > _MOST_FILTERS:
        raise Malformed(f"more than {_MOST_FILTERS} topics at once")
    return Subscribe(identifier, tuple(filters))


def read_suback(packet: Packet) -> tuple[int, bytes]:
    """Read a SUBACK: the packet identifier of its SUBSCRIBE, and a return code for each filter.

    Raises:
        Malformed: as above.
    """
    fields = _Fields(packet)
    return fields.number(2), fields.rest()


def connack(code: int) -> bytes:
    """Make a CONNACK."""
    return bytes((0x20, 2, 0, code))


def puback(identifier: int) -> bytes:
    """Make a PUBACK."""
    return b"\x40\x02" + identifier.to_bytes(2)


def suback(identifier: int, codes: Sequence[int]) -> bytes:
    """Make a SUBACK with a return code for each filter."""
    return bytes((0x90, 2 + len(codes))) + identifier.to_bytes(2) + bytes(codes)
