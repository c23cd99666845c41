"""How a receiver's process and the writer process talk: pickled objects, each behind its length.

Unpickling may run what it is told to, so each side sees that the other runs as this user.
"""

import copyreg
import dataclasses
import operator
import os
import pickle
import socket
import struct
from typing import Any

from app.domain.events import FaceEvent, NewEvent, Picture, PictureUse

_LENGTH = struct.Struct("!Q")
_BUFFER_BYTES = 2**17  # holds an event; one that grows with each piece would be copied each time
_BUFFER_BYTES_KEPT = 2**20
_PATIENCE = struct.Struct("ll")  # seconds and microseconds: socket(7), SO_RCVTIMEO
_CREDENTIALS = struct.Struct("3i")  # process, user and group: unix(7), SO_PEERCRED


def _pickle_by_position(cls: type[Any]) -> None:
    """Half as expensive as what dataclasses with slots do by themselves."""
    values = operator.attrgetter(*(field.name for field in dataclasses.fields(cls)))
    copyreg.pickle(cls, lambda value: (cls, values(value)))


for _cls in (FaceEvent, NewEvent, Picture, PictureUse):
    _pickle_by_position(_cls)


def send(connection: socket.socket, value: object) -> None:
    """Send an object.

    Raises:
        OSError: the connection is gone, or took longer than its timeout.
    """
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    length = _LENGTH.pack(len(content))
    sent = connection.sendmsg((length, content))
    if sent < len(length) + len(content):  # it waited too long for room, and may have some now
        connection.sendall((length + content)[sent:])


def limit(connection: socket.socket, seconds: float) -> None:
    """Have it wait so long at most, by the system: Python would ask before each piece whether to wait."""
    connection.setblocking(True)
    patience = _PATIENCE.pack(int(seconds), int(seconds % 1 * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)


def require_own_user(connection: socket.socket) -> None:
    """See that the process at the other end of a Unix socket runs as this user.

    Raises:
        ConnectionError: it doesn't; whatever it sends must not be unpickled.
    """
    _, user, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    if user != os.getuid():
        raise ConnectionError(f"the other end is a process of user {user}")


class Inbox:
    """Collects the pieces of what comes in on a connection, one object at a time."""

    def __init__(self, connection: socket.socket) -> None:
        """`connection` may send its next object only after the last one was answered."""
        self.connection = connection
        self._buffer = bytearray(_BUFFER_BYTES)
        self._received = 0

    def receive(self) -> Any:
        """Wait for a whole object.

        Raises:
            OSError: the connection is gone, or took longer than its timeout.
        """
        while not self.take_piece():
            pass
        return self.open()

    def take_piece(self) -> bool:
        """Take what has come in, or wait for a piece; tells whether the object is whole.

        Raises:
            OSError: as above.
        """
        with memoryview(self._buffer) as view, view[self._received :] as room:
            piece_bytes = self.connection.recv_into(room)
        if not piece_bytes:
            raise ConnectionError("the other side closed the connection")
        self._received += piece_bytes
        if self._received < _LENGTH.size:
            return False
        missing_bytes = _LENGTH.size + self._length() - len(self._buffer)
        if missing_bytes > 0:
            self._buffer += bytes(missing_bytes)
        return self._received >= _LENGTH.size + self._length()

    @property
    def size(self) -> int:
        """How many bytes of the object have come in."""
        return self._received

    def open(self) -> Any:
        """The object, which is whole."""
        received, self._received = self._received, 0
        with memoryview(self._buffer) as view, view[_LENGTH.size : received] as content:
            value = pickle.loads(content)  # noqa: S301 - this user's own process sent it
        if len(self._buffer) > _BUFFER_BYTES_KEPT:
            self._buffer = bytearray(_BUFFER_BYTES)
        return value

    def _length(self) -> int:
        length: int = _LENGTH.unpack_from(self._buffer)[0]
        return length
