"""Where gunicorn writes a reply: as few calls of the system as it takes, for each lets other threads in."""

import select
import socket
import ssl
import time
from contextlib import suppress
from typing import IO

_NO_ROOM = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ReplySocket:
    """Stands in for a client's socket while gunicorn writes one reply, which gets a time of its own.

    The head goes out with the beginning of the body. What the client takes at once is sent without waiting;
    what it does not is `rest`, which the worker's loop sends.
    """

    def __init__(self, connection: socket.socket, seconds: float, most_rest: int = 0) -> None:
        """`connection` does not block. Of more than `most_rest` bytes the client is waited for.

        It may take so many `seconds` for a piece.
        """
        self.rest = bytearray()
        self._connection = connection
        self._seconds = seconds
        self._most_rest = most_rest
        self._head: bytes | None = None
        self._is_begun = False

    def sendall(self, piece: bytes) -> None:
        """Send; the first piece, which is the head, only with the next.

        Raises:
            TimeoutError: the client did not take it in time.
            OSError: it has gone.
        """
        if not self._is_begun:
            self._is_begun, self._head = True, piece
            return
        head, self._head = self._head, None
        self._send(head + piece if head else piece)

    def flush(self) -> None:
        """Send a head that no body follows.

        Raises:
            OSError: as above.
        """
        if self._head is not None:
            self.sendall(b"")

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Send so much of a file.

        Raises:
            OSError: as above.
        """
        self.flush()
        self._most_rest = 0
        self._send_rest()
        self._connection.settimeout(self._seconds)
        try:
            return self._connection.sendfile(file, offset, count)
        finally:
            self._connection.setblocking(False)

    def shutdown(self, how: int) -> None:
        """End the reply where an app failed in the middle of it; the worker closes the connection."""
        with suppress(OSError):  # it has gone
            self.flush()
        self._connection.shutdown(how)

    def settimeout(self, seconds: float) -> None:
        """Nothing: gunicorn would wait here, in a thread, for the client to close."""

    def recv(self, _size: int) -> bytes:
        """Nothing, as above."""
        return b""

    def close(self) -> None:
        """Nothing, as above."""

    def _send(self, piece: bytes) -> None:
        sent = 0 if self.rest else sent_at_once(self._connection, piece)
        if sent < len(piece):
            self.rest += memoryview(piece)[sent:]
            self._send_rest()

    def _send_rest(self) -> None:
        """Send what the client takes, and wait for it while more is left than may be."""
        gives_up_at = time.monotonic() + self._seconds
        del self.rest[: sent_at_once(self._connection, self.rest)]
        while len(self.rest) > self._most_rest:
            if not takes_more(self._connection, gives_up_at - time.monotonic()):
                raise TimeoutError
            del self.rest[: sent_at_once(self._connection, self.rest)]


def takes_more(connection: socket.socket, seconds: float = 0.0) -> bool:
    """Whether something can be sent without waiting for the client, or within so many `seconds`."""
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def sent_at_once(connection: socket.socket, content: bytes | bytearray) -> int:
    """Send what a client takes without being waited for; returns how many bytes that were.

    Raises:
        OSError: it has gone.
    """
    sent = 0
    with memoryview(content) as view, suppress(*_NO_ROOM):
        while sent < len(content):  # TLS sends a record at a time
            sent += connection.send(view[sent:])
    return sent
