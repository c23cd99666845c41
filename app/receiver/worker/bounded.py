"""The worker with bounds on what waits in it; without them, some clients would make all others late."""

import errno
import socket
import time
from collections import Counter
from threading import Semaphore
from typing import Any

import structlog
from gunicorn.workers.gthread import TConn

from app.receiver.problems import problem_reply
from app.receiver.promptness import ready_at
from app.receiver.worker.collecting import CollectingWorker, Stage
from app.store.counters import TURNED_AWAY
from app.telemetry.metrics import REQUESTS_WAITING

MOST_WAITING = 256  # requests of a process; whoever came behind so many would be answered too late
_HELD_BYTES = 128 * 2**20  # of a process's requests that are not answered yet, or two of the largest
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 0.01  # where every connection is at work: until one may have ended
_BUSY = problem_reply(  # why, the log says: it is no stranger's business
    503,
    "Service Unavailable",
    "busy",
    "There is too much to do",
    "Too many others come at the same time. Nothing of this request was kept.",
    "Retry-After: 5",
)

log = structlog.get_logger(__name__)


class BoundedWorker(CollectingWorker):
    """Turns away what would wait behind too many, and has those give way that wait in the largest crowd."""

    def init_process(self) -> None:
        """Run until the process ends."""
        self._room = Semaphore(MOST_WAITING)
        self._is_full = False
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Let a client in."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            log.warning("client_not_let_in", reason=str(error))
            self._is_full = True

    def murder_pending(self) -> None:
        """Give up whoever did nothing for too long, and one more where there is no room for the next."""
        super().murder_pending()
        if self._is_full or self.nr_conns >= self.worker_connections:
            self._is_full = False
            self._make_room()

    def handle(self, conn: TConn) -> Any:
        """Answer it, in a thread."""
        self._room.release()
        REQUESTS_WAITING.dec()
        ready_at.set(conn.ready_at)
        return super().handle(conn)

    @property
    def _most_held_bytes(self) -> int:
        return max(_HELD_BYTES, 2 * self.largest_request_bytes)

    def _await_more(self, conn: TConn) -> None:
        super()._await_more(conn)
        self._let_go()

    def _let_go(self) -> None:
        """Where too much is held, the largest that still comes in gives way."""
        while self._held.bytes > self._most_held_bytes and (unfinished := self._unfinished):
            self._turn_away(max(unfinished, key=lambda one: int(one.incoming.size)), self._too_large)

    @property
    def _too_large(self) -> str:
        return f"requests of {self._most_held_bytes >> 20} MB are held"

    @property
    def _unfinished(self) -> list[TConn]:
        return [conn for conn in self._connections if conn.stage is Stage.COLLECTING]

    def _submit(self, conn: TConn) -> None:
        conn.stage = Stage.AT_WORK  # it has come: it is not among those that give way
        self._let_go()
        if self._held.bytes > self._most_held_bytes:
            self._turn_away(conn, self._too_large)
        elif not self._room.acquire(blocking=False):
            self._turn_away(conn, f"{MOST_WAITING} requests wait")
        else:
            REQUESTS_WAITING.inc()
            super()._submit(conn)

    def _turn_away(self, conn: TConn, reason: str) -> None:
        """Answer 503 without looking at the request."""
        if writer := self.wsgi.extensions.get("writer"):  # the console has none
            writer.count(TURNED_AWAY)
        log.warning("turned_away", source=_address(conn), reason=reason)
        self._refuse(conn, _BUSY)

    def _make_room(self) -> None:
        """Close the connection that waits longest of the address that has most of those that wait.

        A client that opens connection after connection takes the room from itself, not from others.
        """
        waiting = [conn for conn in self._connections if conn.stage is not Stage.AT_WORK]
        if not waiting:
            time.sleep(_PAUSE_SECONDS)
            return
        [(crowd, _)] = Counter(map(_address, waiting)).most_common(1)
        first = min((conn for conn in waiting if _address(conn) == crowd), key=_waits_for)
        if first.stage is Stage.COLLECTING:
            self._turn_away(first, f"there is no room for one client more beside {self.nr_conns}")
        else:
            self._close(first)


def _waits_for(conn: TConn) -> tuple[int, float]:
    """Orders connections by what is lost with them, and of those alike the ones first that end soon.

    Who has asked before may just be sending the next request; who is sending one, or has not got all of its
    reply, comes last.
    """
    has_asked = conn.parser.mesg is not None
    ranks = {Stage.IDLE: 1 + has_asked, Stage.COLLECTING: 3}
    return 3 if conn.rest else ranks.get(conn.stage, 0), conn.timeout


def _address(conn: TConn) -> str:
    """Where a client is; a Unix socket's is nowhere."""
    return str(conn.client[0]) if conn.client else ""
