"""gunicorn's threaded worker, whose threads wait for no client: they get requests that have come whole."""

import errno
import select
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from gunicorn import http
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.sock import ssl_wrap_socket
from gunicorn.workers.gthread import TConn, ThreadWorker

from app.receiver.incoming import Held, Incoming, State
from app.receiver.problems import HEAD_TOO_LARGE, NOT_IN_TIME

WHOLE_SECONDS = 60.0  # from a request's first bytes until it has come whole
_LARGEST_BYTES = 64 * 2**20  # of a request, where the app does not say
_RECEIVED_BYTES = 2**18  # at a time
_REPLY_SECONDS = 10.0  # for a client to take a reply, where the app does not say: it may have lost its power
_LINGER_SECONDS = 2.0  # for the client to close: closing before may take the reply back
_STOP_SECONDS = 15.0  # that a worker which is to end gives requests to come whole
_GONE = (errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE)
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

log = structlog.get_logger(__name__)


class CollectingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Collects each request in the loop that waits for all clients at once, and gives it to a thread then.

    gunicorn's own waits in one of its few threads for whatever a client has not sent yet, and in the only one
    that hands out work for a client to close, up to 2 s.
    """

    def init_process(self) -> None:
        """Run until the process ends."""
        self._lingering: deque[TConn] = deque()
        self._replying: deque[TConn] = deque()  # their last reply is on its way
        self._unfinished: dict[TConn, None] = {}  # in the order in which their time ends
        self._held = Held()
        self._received = memoryview(bytearray(_RECEIVED_BYTES))
        super().init_process()

    @property
    def largest_request_bytes(self) -> int:
        """How much of a request the app may want to read; of a larger one it gets the beginning."""
        return int(self.wsgi.extensions.get("largest_request_bytes", _LARGEST_BYTES))

    @property
    def _reply_seconds(self) -> float:
        """How long a client may take for a reply, or for a piece of one that comes in pieces."""
        return float(self.wsgi.extensions.get("reply_seconds", _REPLY_SECONDS))

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread answer a connection's next request, once it has come whole."""
        if conn.parser is None:
            try:
                self._prepare(conn)
            except OSError as error:
                if error.errno not in _GONE:  # the certificate can't be read, say
                    log.error("client_not_let_in", reason=str(error))
                self._close(conn)
                return
        self._receive(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer it, in a thread; behind one that is not whole nothing more can be read."""
        req._expected_100_continue = False  # noqa: SLF001 - it was told so, or is refused
        if conn.incoming.state is not State.WHOLE:
            req.force_close()
        conn.sock.settimeout(self._reply_seconds)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            log.info("reply_not_taken", source=conn.client[0] if conn.client else "")
            return False

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what can't be parsed; an unknown transfer coding with 400, too: no stranger makes a 5xx."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("TRANSFER-ENCODING")
        super().handle_error(req, client, addr, exc)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Await the connection's next request, or its end."""
        is_over = fs.cancelled() or fs.exception() or not fs.result()
        if is_over or not conn.incoming.was_read:
            self._linger(conn)
        elif _takes_replies(conn.sock):
            self._next_request(fs, conn)
        else:
            go_on = partial(self._go_on_replied, fs)
            self._await(conn, self._replying, self._reply_seconds, go_on, selectors.EVENT_WRITE)

    def _go_on_replied(self, fs: Future[Any], conn: TConn, _connection: socket.socket) -> None:
        """Its client has taken the last reply."""
        self._replying.remove(conn)
        self.poller.unregister(conn.sock)
        self._next_request(fs, conn)

    def _next_request(self, fs: Future[Any], conn: TConn) -> None:
        conn.incoming.next_request()
        state = conn.incoming.look() if conn.incoming.size else State.PARTIAL
        if conn.incoming.size:
            conn.sock.setblocking(False)
            conn.ready_at = time.monotonic()
            self._go_on(conn, state)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Give up whoever did nothing for too long."""
        super().murder_pending()
        now = time.monotonic()
        for queue in (self._lingering, self._replying):
            while queue and queue[0].timeout <= now:
                self._end(queue, queue[0])
        while self._unfinished and (conn := next(iter(self._unfinished))).timeout <= now:
            self._break_off(conn)

    def _submit(self, conn: TConn) -> None:
        """Give it to a thread."""
        super().enqueue_req(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Called as the process ends: who has sent nothing yet is not waited for, nor a reply that lasts."""
        self._leave_ports()
        super()._cap_keepalive(deadline)
        if ending := self.wsgi.extensions.get("ending"):  # the receiver's replies are short
            ending.set()
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
        for conn in self._unfinished:
            conn.timeout = min(conn.timeout, time.monotonic() + _STOP_SECONDS)

    def _leave_ports(self) -> None:
        """Take who has connected already, and no one else: who connects to no process is refused at once.

        gunicorn's own keeps its ports open to the end and takes nobody: whoever connects meanwhile is reset.
        """
        for listener in self.sockets:
            for _ in range(self.cfg.backlog):
                if not select.select([listener], [], [], 0)[0]:
                    break
                self.accept(listener)
            listener.close()

    def _prepare(self, conn: TConn) -> None:
        """What gunicorn does in a thread, which there waits for the client's part of the TLS handshake."""
        conn.sock.setblocking(False)
        if self.cfg.is_ssl:
            conn.sock = ssl_wrap_socket(conn.sock, self.cfg)
        conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader = conn.incoming = Incoming(self.largest_request_bytes, self._held)
        conn.initialized = conn.data_ready = True

    def _receive(self, conn: TConn) -> None:
        """Take what a client has sent that waits nowhere yet, or have it wait."""
        conn.ready_at = time.monotonic()
        try:
            number = conn.sock.recv_into(self._received)
        except _NOTHING_YET:
            self._await(conn, self.pending_conns, self.cfg.keepalive, self.on_pending_socket_readable)
        except OSError:  # it has gone
            self._close(conn)
        else:
            self._take(conn, number)

    def _receive_more(self, conn: TConn, connection: socket.socket) -> None:
        """Take what the client of an unfinished request has sent."""
        if conn not in self._unfinished:  # it was given up in this very round
            return
        try:
            number = connection.recv_into(self._received)
        except _NOTHING_YET:
            return
        except OSError:  # it has gone
            number = 0
        self._take(conn, number)

    def _take(self, conn: TConn, number: int) -> None:
        if number:
            self._go_on(conn, conn.incoming.add(self._received[:number]))
        else:
            self._break_off(conn)

    def _go_on(self, conn: TConn, state: State) -> None:
        """Do with a connection what is to be done once its request has come so far."""
        if state is State.PARTIAL:
            self._await_more(conn)
            return
        self._forget(conn)
        if state is State.HEAD_TOO_LARGE:
            self._refuse(conn, HEAD_TOO_LARGE)
        else:
            self._submit(conn)

    def _await_more(self, conn: TConn) -> None:
        if conn.incoming.awaits_continue:
            conn.incoming.awaits_continue = False
            with suppress(OSError):  # it has gone
                conn.sock.send(_CONTINUE)
        if conn not in self._unfinished:
            conn.timeout = time.monotonic() + WHOLE_SECONDS
            self._unfinished[conn] = None
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive_more, conn))

    def _break_off(self, conn: TConn) -> None:
        """Wait no longer for the rest of a request; what came of a body is kept."""
        self._forget(conn)
        if conn.incoming.has_head:
            self._submit(conn)
        elif conn.incoming.size:
            self._refuse(conn, NOT_IN_TIME)
        else:
            self._close(conn)

    def _forget(self, conn: TConn) -> None:
        if conn in self._unfinished:
            del self._unfinished[conn]
            self.poller.unregister(conn.sock)

    def _refuse(self, conn: TConn, reply: bytes) -> None:
        """Send a reply that no thread needs to write."""
        conn.sock.setblocking(False)
        with suppress(OSError):  # it has gone
            conn.sock.send(reply)
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Wait for a client to close."""
        conn.incoming.drop()
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone
            self._close(conn)
        else:
            self._await(conn, self._lingering, _LINGER_SECONDS, self._drain)

    def _drain(self, conn: TConn, connection: socket.socket) -> None:
        try:
            if connection.recv_into(self._received):
                return
        except BlockingIOError:
            return
        except OSError:  # it has gone
            pass
        self._end(self._lingering, conn)

    def _end(self, queue: deque[TConn], conn: TConn) -> None:
        queue.remove(conn)
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        if conn.parser:
            conn.incoming.drop()
        self.nr_conns -= 1
        conn.close()

    def _await(
        self,
        conn: TConn,
        waiting: deque[TConn],
        seconds: float,
        on_ready: Callable[[TConn, socket.socket], None],
        event: int = selectors.EVENT_READ,
    ) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + seconds
        waiting.append(conn)
        self.poller.register(conn.sock, event, partial(on_ready, conn))


def _takes_replies(connection: socket.socket) -> bool:
    """Whether another reply can be sent without waiting for the client to take those before."""
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(0))
