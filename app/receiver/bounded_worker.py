"""gunicorn's threaded worker with a bound on what waits for a thread; without one, all would be late."""

import json
import select
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Semaphore
from typing import Any

import structlog
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.receiver.promptness import ready_at
from app.store.counters import TURNED_AWAY
from app.telemetry.metrics import REQUESTS_WAITING

MOST_WAITING = 256  # requests of a process; whoever came behind so many would be answered too late
_RETRY_AFTER_SECONDS = 5
_SILENCE_SECONDS = 10  # within a request, or before a reply is taken: a box may have lost its power
_LINGER_SECONDS = 2.0  # for the client to close: closing before may take the reply back

log = structlog.get_logger(__name__)


class BoundedWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Turns away what would wait behind too many; waits in no thread for a client that does nothing.

    gunicorn's own waits in one of its few threads for a new connection's first bytes, up to 5 s, and in the
    only one that hands out work for a client to close, up to 2 s.
    """

    def init_process(self) -> None:
        """Run until the process ends."""
        self._room = Semaphore(MOST_WAITING)
        self._lingering: deque[TConn] = deque()
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread answer a connection's next request, once its first bytes are there."""
        if not conn.initialized and not conn.data_ready:
            _limit_silence(conn.sock)
            self._await(conn, self.pending_conns, self.cfg.keepalive, self.on_pending_socket_readable)
        elif self._has_ended(conn):
            self.nr_conns -= 1
            conn.close()
        elif self._room.acquire(blocking=False):
            conn.ready_at = time.monotonic()
            REQUESTS_WAITING.inc()
            super().enqueue_req(conn)
        else:
            self._turn_away(conn)

    def handle(self, conn: TConn) -> Any:
        """Answer it, in a thread."""
        self._room.release()
        REQUESTS_WAITING.dec()
        ready_at.set(conn.ready_at)
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Await the connection's next request, or its end."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Give up whoever did nothing for too long."""
        super().murder_pending()
        while self._lingering and self._lingering[0].timeout <= time.monotonic():
            self._end(self._lingering[0])

    def _cap_keepalive(self, deadline: float) -> None:
        """Called as the process ends: who has sent nothing yet is not waited for, nor a reply that lasts."""
        self._leave_ports()
        super()._cap_keepalive(deadline)
        if ending := self.wsgi.extensions.get("ending"):  # the receiver's replies are short
            ending.set()
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _leave_ports(self) -> None:
        """Take who has connected already, and no one else: who connects to no process is refused at once.

        gunicorn's own keeps its ports open to the end and takes nobody: whoever connects meanwhile is reset.
        """
        for listener in self.sockets:
            while self.nr_conns < self.worker_connections and select.select([listener], [], [], 0)[0]:
                self.accept(listener)
            listener.close()

    def _has_ended(self, conn: TConn) -> bool:
        """Whether the client has closed its end: that wakes us just as a request does."""
        if self.cfg.is_ssl or (conn.parser and conn.parser.unreader.buf.getvalue()):
            return False
        try:
            return not conn.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _turn_away(self, conn: TConn) -> None:
        """Answer 503 without reading the request."""
        if writer := self.wsgi.extensions.get("writer"):  # the console has none
            writer.count(TURNED_AWAY)
        log.warning("turned_away", source=conn.client[0], waiting=MOST_WAITING)
        if not self.cfg.is_ssl or conn.initialized:  # else there is no way yet to tell
            conn.sock.setblocking(False)
            with suppress(OSError):  # it has gone
                conn.sock.send(_busy())
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone
            self.nr_conns -= 1
            conn.close()
        else:
            self._await(conn, self._lingering, _LINGER_SECONDS, self._drain)

    def _drain(self, conn: TConn, connection: socket.socket) -> None:
        try:
            if connection.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:  # it has gone
            pass
        self._end(conn)

    def _end(self, conn: TConn) -> None:
        self._lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _await(
        self,
        conn: TConn,
        waiting: deque[TConn],
        seconds: float,
        on_data: Callable[[TConn, socket.socket], None],
    ) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + seconds
        waiting.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(on_data, conn))


def _limit_silence(connection: socket.socket) -> None:
    """Have a thread's wait for this client end: gunicorn's own has no limit."""
    limit = struct.pack("ll", _SILENCE_SECONDS, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _busy() -> bytes:
    problem = {
        "type": "urn:se3:problem:busy",
        "title": "Too many requests wait",
        "status": 503,
        "detail": f"{MOST_WAITING} requests wait already. Nothing of this one was read.",
    }
    body = json.dumps(problem) + "\n"
    return (
        "HTTP/1.1 503 Service Unavailable\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Retry-After: {_RETRY_AFTER_SECONDS}\r\n"
        "Connection: close\r\n\r\n"
        f"{body}"
    ).encode()
