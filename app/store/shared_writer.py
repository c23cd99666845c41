"""Has one process write for all receiver processes of a database on this machine."""

import fcntl
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import structlog

from app.errors import StoreUnavailable
from app.store import quarantine
from app.store.batches import Item, Outcome
from app.store.database import Database
from app.store.frames import Inbox, limit, require_own_user, send
from app.store.recorder import PATIENCE_SECONDS, Recorder
from app.store.spool.spool import Spool
from app.store.writer import Writer
from app.store.writer_files import WriterFiles

_COMMAND = (sys.executable, "-m", "app.cli.main", "write")
_RESTART_SECONDS = 0.5
_SURE_START_SECONDS = 5.0
_REST_SECONDS = 10.0  # of one that ends right after its start: it may do so again

log = structlog.get_logger(__name__)


class SharedWriter(Recorder):
    """Passes everything on to the writer process; while there is none, this process writes for itself.

    One of the receiver processes keeps the writer process running: the one that has the lock. If that one
    ends, the writer process ends too, and another takes over.
    """

    def __init__(self, database: Database, bounds: quarantine.Bounds, spool: Spool | None = None) -> None:
        """`bounds`: the quarantine's; `spool` takes what is written while the database is away.

        Raises:
            StoreUnavailable: there is no place where the writer process could listen.
        """
        super().__init__()
        self._own = Writer(database, bounds, spool)
        self._files = WriterFiles(database)
        self._of_thread = threading.local()
        self._closed = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._keep_process, name="writer-keeper", daemon=True).start()

    def submit(self, items: Sequence[Item]) -> list[Any]:
        """Have the writer process write them.

        Where it ends before it has answered, nobody knows whether it had written: what comes twice is a
        duplicate.
        """
        try:
            outcome = self._ask(items)
        except BlockingIOError:  # it took too long
            self._hang_up()
            raise StoreUnavailable(f"the database took longer than {PATIENCE_SECONDS:g} s") from None
        except Exception as error:  # noqa: BLE001 - its answer can't be read: it is of another version, say
            if not isinstance(error, OSError):
                log.warning("answer_not_read", reason=type(error).__name__)
            self._hang_up()
            return self._own.submit(items)
        if isinstance(outcome, list):
            return outcome
        raise outcome

    def close(self) -> None:
        """End the writer process, if it is ours, and write what it left."""
        self._closed.set()
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()
        self._own.close()

    def _ask(self, items: Sequence[Item]) -> Outcome:
        inbox = self._inbox()
        send(inbox.connection, items)
        outcome: Outcome = inbox.receive()
        return outcome

    def _inbox(self) -> Inbox:
        """This thread's own, so that one answer follows one question."""
        inbox: Inbox | None = getattr(self._of_thread, "inbox", None)
        if inbox is None:
            connection = socket.socket(socket.AF_UNIX)
            limit(connection, PATIENCE_SECONDS)
            self._of_thread.inbox = inbox = Inbox(connection)
            connection.connect(self._files.socket)
            require_own_user(connection)
        return inbox

    def _hang_up(self) -> None:
        if inbox := getattr(self._of_thread, "inbox", None):
            inbox.connection.close()
        self._of_thread.inbox = None

    def _keep_process(self) -> None:
        """Wait until no other process keeps the writer process, and then keep it."""
        try:
            with self._files.lock.open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                while not self._closed.is_set():
                    self._run_process()
        except OSError as error:
            log.error("process_failed", process="writer", reason=str(error))

    def _run_process(self) -> None:
        """Run it once, and rest. It ends when its standard input does: with us, however we end."""
        started_at = time.monotonic()
        self._process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own program
        log.info("process_started", process="writer", pid=self._process.pid)
        status = self._process.wait()
        rest = _RESTART_SECONDS if time.monotonic() - started_at > _SURE_START_SECONDS else _REST_SECONDS
        if not self._closed.is_set():
            log.error("process_ended", process="writer", status=status, restart_in=rest)
            self._closed.wait(rest)
