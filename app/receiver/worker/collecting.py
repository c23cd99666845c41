"""gunicorn's threaded worker, whose threads wait for no client: they get requests that have come whole."""

import math
import selectors
import socket
import ssl
import time
from contextlib import suppress
from enum import Enum
from functools import partial

import structlog
from gunicorn import http
from gunicorn.sock import ssl_wrap_socket
from gunicorn.workers.gthread import TConn

from app.receiver.problems import HEAD_TOO_LARGE, NOT_IN_TIME
from app.receiver.worker.answering import GONE, AnsweringWorker
from app.receiver.worker.incoming import Held, Incoming, State
from app.receiver.worker.reply_socket import sent_at_once, takes_more
from app.receiver.worker.threads import Threads

WHOLE_SECONDS = 60.0  # from a request's first bytes until it has come whole
_LARGEST_BYTES = 64 * 2**20  # of a request, where the app does not say
_RECEIVED_BYTES = 2**18  # at a time
_LINGER_SECONDS = 2.0  # for the client to close: closing before may take the reply back
_NOTIFY_SECONDS = 1.0
_LOOK_SECONDS = 0.25  # between two looks for who did nothing for too long
_STOP_IDLE_SECONDS = 2.0  # that a worker which is to end waits for requests that may be on their way
_STOP_SECONDS = 15.0  # that it gives requests to come whole
_NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

log = structlog.get_logger(__name__)


class Stage(Enum):
    """What a connection waits for."""

    IDLE = "the client, for its next request"
    COLLECTING = "the client, for the rest of a request"
    AT_WORK = "a thread, for the reply"
    REPLYING = "the client, to take the rest of the reply"
    LINGERING = "the client, to close"


class CollectingWorker(AnsweringWorker):
    """Collects each request in the loop that waits for all clients at once, and gives it to a thread then.

    gunicorn's own waits in one of its few threads for whatever a client has not sent yet, and in the only one
    that hands out work for a client to close, up to 2 s. Nor does a thread wake the loop when it has replied,
    as gunicorn's do: the loop listens to a client all the time.
    """

    def init_process(self) -> None:
        """Run until the process ends."""
        self._connections: set[TConn] = set()
        self._held = Held()
        self._received = memoryview(bytearray(_RECEIVED_BYTES))
        self._look_at = self._notify_at = 0.0
        self._idle_until = math.inf
        super().init_process()

    def get_thread_pool(self) -> Threads:
        """What answers requests."""
        return Threads(self.cfg.threads, self._answer)

    @property
    def largest_request_bytes(self) -> int:
        """How much of a request the app may want to read; of a larger one it gets the beginning."""
        return int(self.wsgi.extensions.get("largest_request_bytes", _LARGEST_BYTES))

    def enqueue_req(self, conn: TConn) -> None:
        """Listen to a client who has just connected."""
        try:
            self._prepare(conn)
        except OSError as error:
            if error.errno not in GONE:  # the certificate can't be read, say
                log.error("client_not_let_in", reason=str(error))
            self.nr_conns -= 1
            conn.close()
            return
        self._connections.add(conn)
        self._await(conn, Stage.IDLE, self.cfg.keepalive)
        self._receive(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for clients, and do what they give to do."""
        super().wait_for_and_dispatch_events(min(timeout, _LOOK_SECONDS))

    def notify(self) -> None:
        """Tell gunicorn's master now and then that this process lives."""
        if time.monotonic() >= self._notify_at:
            self._notify_at = time.monotonic() + _NOTIFY_SECONDS
            super().notify()

    def murder_pending(self) -> None:
        """Give up whoever did nothing for too long."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        for conn in [one for one in self._connections if self._end_of(one) <= now]:
            if conn.stage is Stage.COLLECTING:
                self._break_off(conn)
            elif conn.stage is not Stage.AT_WORK:
                if conn.rest:
                    self.log_not_taken(conn)
                self._close(conn)

    def _end_of(self, conn: TConn) -> float:
        return min(conn.timeout, self._idle_until) if conn.stage is Stage.IDLE else float(conn.timeout)

    def _answer(self, conn: TConn) -> None:
        """Answer a connection's request, and go on with it; in a thread."""
        try:
            goes_on = self.handle(conn) and conn.incoming.was_read
        except BaseException:  # gunicorn lets SystemExit through, and the thread has to go on
            log.exception("connection_failed")
            goes_on = False
        if goes_on and not conn.rest and not conn.incoming.has_more and takes_more(conn.sock):
            conn.incoming.next_request()
            conn.timeout = time.monotonic() + self.cfg.keepalive
            conn.stage = Stage.IDLE
            if not conn.is_heard:
                self.method_queue.defer(self._listen, conn)
        else:
            self.method_queue.defer(self._after, conn, goes_on)

    def _after(self, conn: TConn, goes_on: bool) -> None:
        """What no thread is to do once it has replied."""
        conn.goes_on = goes_on
        if conn.rest or (goes_on and not takes_more(conn.sock)):
            self._await(conn, Stage.REPLYING, self._reply_seconds)
        elif goes_on:
            self._next_request(conn)
        else:
            self._linger(conn)

    def _next_request(self, conn: TConn) -> None:
        """Look at what came behind the request that was answered."""
        conn.incoming.next_request()
        conn.ready_at = time.monotonic()
        self._await(conn, Stage.IDLE, self.cfg.keepalive)
        if conn.incoming.size:
            self._go_on(conn, conn.incoming.look())

    def _submit(self, conn: TConn) -> None:
        """Give it to a thread."""
        conn.stage, conn.timeout = Stage.AT_WORK, math.inf
        self.tpool.submit(conn)

    def _cap_keepalive(self, _deadline: float) -> None:
        """Called as the process ends: who has sent nothing yet is not waited for, nor a reply that lasts."""
        self._leave_ports()
        if ending := self.wsgi.extensions.get("ending"):  # the receiver's replies are short
            ending.set()
        now = time.monotonic()
        self._idle_until = now + _STOP_IDLE_SECONDS
        for conn in self._connections:
            if conn.stage is Stage.COLLECTING:
                conn.timeout = min(conn.timeout, now + _STOP_SECONDS)

    def _prepare(self, conn: TConn) -> None:
        """What gunicorn does in a thread, which there waits for the client's part of the TLS handshake."""
        conn.sock.setblocking(False)
        if self.cfg.is_ssl:
            conn.sock = ssl_wrap_socket(conn.sock, self.cfg)
        conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader = conn.incoming = Incoming(self.largest_request_bytes, self._held)
        conn.stage, conn.is_heard = Stage.IDLE, False
        conn.rest = bytearray()  # of the reply

    def _await(self, conn: TConn, stage: Stage, seconds: float) -> None:
        """Have it wait for its client, for so long at most."""
        conn.sock.setblocking(False)
        if Stage.REPLYING in (conn.stage, stage):  # it is for another event that it waits
            self._deafen(conn)
        conn.stage, conn.timeout = stage, time.monotonic() + seconds
        self._listen(conn)

    def _listen(self, conn: TConn) -> None:
        """Be told when its client sends; or, of one that has not taken the last reply, when it takes more."""
        if not conn.is_heard and conn in self._connections:
            event = selectors.EVENT_WRITE if conn.stage is Stage.REPLYING else selectors.EVENT_READ
            self.poller.register(conn.sock, event, partial(self._on_ready, conn))
            conn.is_heard = True

    def _deafen(self, conn: TConn) -> None:
        if conn.is_heard:
            self.poller.unregister(conn.sock)
            conn.is_heard = False

    def _on_ready(self, conn: TConn, _connection: socket.socket) -> None:
        if conn not in self._connections:  # it was given up in this very round
            return
        if conn.stage is Stage.AT_WORK:  # the next request, or its end: when its turn comes
            self._deafen(conn)
            if conn.stage is not Stage.AT_WORK:  # the thread replied meanwhile, and took it to be heard
                self._listen(conn)
        elif conn.stage is Stage.REPLYING:
            self._send_rest(conn)
        elif conn.stage is Stage.LINGERING:
            self._drain(conn)
        else:
            self._receive(conn)

    def _send_rest(self, conn: TConn) -> None:
        """Send on what a client had not taken of its reply; as long as it takes some, it has time."""
        try:
            sent = sent_at_once(conn.sock, conn.rest)
        except OSError:  # it has gone
            self._close(conn)
            return
        del conn.rest[:sent]
        self._unsent.add(-sent)
        if conn.rest:
            conn.timeout = time.monotonic() + self._reply_seconds
        else:
            self._after(conn, conn.goes_on)

    def _receive(self, conn: TConn) -> None:
        """Take what a client has sent of a request."""
        if conn.stage is Stage.IDLE:
            conn.ready_at = time.monotonic()
        try:
            number = conn.sock.recv_into(self._received)
        except _NOTHING_YET:
            return
        except OSError:  # it has gone
            number = 0
        if number:
            self._go_on(conn, conn.incoming.add(self._received[:number]))
        else:
            self._break_off(conn)

    def _go_on(self, conn: TConn, state: State) -> None:
        """Do with a connection what is to be done once its request has come so far."""
        if state is State.PARTIAL:
            self._await_more(conn)
        elif state is State.HEAD_TOO_LARGE:
            self._refuse(conn, HEAD_TOO_LARGE)
        else:
            self._submit(conn)

    def _await_more(self, conn: TConn) -> None:
        if conn.incoming.awaits_continue:
            conn.incoming.awaits_continue = False
            with suppress(OSError):  # it has gone
                conn.sock.send(_CONTINUE)
        if conn.stage is not Stage.COLLECTING:
            conn.stage, conn.timeout = Stage.COLLECTING, time.monotonic() + WHOLE_SECONDS

    def _break_off(self, conn: TConn) -> None:
        """Wait no longer for the rest of a request; what came of a body is kept."""
        if conn.incoming.has_head:
            self._submit(conn)
        elif conn.incoming.size:
            self._refuse(conn, NOT_IN_TIME)
        else:
            self._close(conn)

    def _refuse(self, conn: TConn, reply: bytes) -> None:
        """Send a reply that no thread needs to write."""
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
            self._await(conn, Stage.LINGERING, _LINGER_SECONDS)

    def _drain(self, conn: TConn) -> None:
        try:
            if conn.sock.recv_into(self._received):
                return
        except _NOTHING_YET:
            return
        except OSError:  # it has gone
            pass
        self._close(conn)

    def _close(self, conn: TConn) -> None:
        if conn not in self._connections:
            return
        self._deafen(conn)
        self._connections.discard(conn)
        conn.incoming.drop()
        self._unsent.add(-len(conn.rest))
        conn.rest = bytearray()
        self.nr_conns -= 1
        conn.close()
