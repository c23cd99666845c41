"""An HTTP client that does as little as possible, for it shares the processors with what it measures."""

import re
import socket

HOST = "127.0.0.1"
_TIMEOUT_SECONDS = 10.0
_CHUNK = 65536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Connection:
    """One keep-alive connection, opened again where the server has closed it; for one thread."""

    def __init__(self, port: int) -> None:
        """`port`: on the loopback address. Nothing is opened before the first post."""
        self._port = port
        self._socket: socket.socket | None = None

    def post(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request; returns the reply's status and body.

        Raises:
            OSError: no whole reply came within 10 s.
        """
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), _TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.sendall(request)
            head, body = _read_reply(self._socket)
        except OSError:
            self.close()
            raise
        if closes(head):
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        """Close it, if it is open."""
        if self._socket:
            self._socket.close()
            self._socket = None


def whole_reply(received: bytes) -> tuple[bytes, bytes] | None:
    """Head and body of a reply, once it has come whole.

    Raises:
        ConnectionError: it does not tell its length.
    """
    head, end_of_head, body = received.partition(b"\r\n\r\n")
    if not end_of_head:
        return None
    length = _LENGTH.search(head)
    if length is None:
        raise ConnectionError("the reply does not tell its length")
    return (head, body) if len(body) >= int(length[1]) else None


def closes(head: bytes) -> bool:
    """Whether the server closes the connection behind the reply that has this head."""
    return bool(_CLOSE.search(head))


def _read_reply(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while (reply := whole_reply(received)) is None:
        chunk = connection.recv(_CHUNK)
        if not chunk:
            raise ConnectionError("the server closed the connection before it replied")
        received += chunk
    return reply
