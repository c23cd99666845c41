"""What a thread does with a request that has come."""

import errno
import gc
import ssl
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import structlog
from gunicorn import http
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.workers.gthread import TConn

from app.receiver.worker.accepting import AcceptingWorker
from app.receiver.worker.incoming import Held, State
from app.receiver.worker.reply_socket import ReplySocket

GONE = (errno.ECONNRESET, errno.ENOTCONN, errno.EPIPE)  # what tells that a client is no longer there
_REPLY_SECONDS = 10.0  # for a client to take a reply, where the app does not say: it may have lost its power
_LARGE_BYTES = 2**20  # of a request that must not wait to be found as garbage
_MOST_REST_BYTES = 8 * 2**20  # of a reply, that the loop sends: far more than a picture has
_MOST_UNSENT_BYTES = 64 * 2**20  # of a process's replies; while there is more, threads wait for clients

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Requested:
    """What gunicorn needs of a connection to have a request of it answered."""

    sock: ReplySocket
    client: Any
    server: Any


class AnsweringWorker(AcceptingWorker):
    """Answers requests from memory. What a client does not take of its reply at once is left to the loop."""

    def init_process(self) -> None:
        """Run until the process ends."""
        self._unsent = Held()
        super().init_process()

    @property
    def _reply_seconds(self) -> float:
        """How long a client may take for a reply, or for a piece of one that comes in pieces."""
        return float(self.wsgi.extensions.get("reply_seconds", _REPLY_SECONDS))

    def handle(self, conn: TConn) -> Any:
        """Answer a connection's request, in a thread; returns whether it may send another."""
        req = None
        try:
            req = next(conn.parser)
            return bool(req) and self._keepalive_after(conn, self.handle_request(req, conn))
        except (StopIteration, http.errors.NoMoreData):  # nothing came, or too little
            return False
        except OSError as error:
            if error.errno not in GONE and not isinstance(error, ssl.SSLError):
                log.exception("connection_failed")
        except Exception as error:  # of any kind: whoever asked gets an answer, and the thread goes on
            if conn.rest:  # it is answered
                log.exception("connection_failed")
                return False
            conn.sock.settimeout(self._reply_seconds)
            self.handle_error(req, conn.sock, conn.client, error)
        return False

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer it, in a thread; behind one that is not whole nothing more can be read."""
        req._expected_100_continue = False  # noqa: SLF001 - it was told so, or is refused
        if conn.incoming.state is not State.WHOLE:
            req.force_close()
        is_whole = _give_body(req, conn)
        has_room = self._unsent.bytes < _MOST_UNSENT_BYTES
        reply = ReplySocket(conn.sock, self._reply_seconds, _MOST_REST_BYTES if has_room else 0)
        try:
            goes_on = super().handle_request(req, _Requested(reply, conn.client, conn.server))
            reply.flush()
            conn.rest = reply.rest
            self._unsent.add(len(conn.rest))
        except TimeoutError:
            self.log_not_taken(conn)
            return False
        finally:
            if is_whole:
                req.body = BytesIO()  # gunicorn's parser keeps the request until the client's next one
            if conn.incoming.size > _LARGE_BYTES:
                gc.collect(1)  # an exception whose frames refer to it keeps them, and through them the body
        return goes_on

    def log_not_taken(self, conn: TConn) -> None:
        """Note that a client took its reply too slowly, or not at all."""
        log.info("reply_not_taken", source=conn.client[0] if conn.client else "")

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what can't be parsed; an unknown transfer coding with 400, too: no stranger makes a 5xx."""
        if isinstance(exc, UnsupportedTransferCoding):
            exc = InvalidHeader("TRANSFER-ENCODING")
        super().handle_error(req, client, addr, exc)


def _give_body(req: Any, conn: TConn) -> bool:
    """Give the request its body in one piece, if it has come so; gunicorn's own has to read any other."""
    body = conn.incoming.take_body(getattr(req.body.reader, "length", -1))
    if body is None:
        return False
    req.body = body
    return True
