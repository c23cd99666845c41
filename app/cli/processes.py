"""Keeps child processes running until told to stop."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

import structlog

from app.config import ROOT
from app.errors import Se3Error

STOP_SECONDS = 25.0
_LOOK_SECONDS = 0.2
_RESTART_SECONDS = 1.0
_SURE_START_SECONDS = 15.0  # gunicorn tries for 5 s to get its port

log = structlog.get_logger(__name__)

RECEIVER = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
FORWARDER = ("-m", "app.cli.main", "forward")


@dataclass
class Child:
    """A Python program that is started again whenever it ends.

    `arguments` are the interpreter's; `log_file` takes what the program prints, which else goes where our
    own output goes.
    """

    name: str
    arguments: tuple[str, ...]
    environment: dict[str, str] | None = None
    log_file: IO[bytes] | None = None
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _proven: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches only us, and we stop it in order."""
        command = [sys.executable, *self.arguments]
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=self.log_file,
            stderr=self.log_file,
            start_new_session=True,
        )
        self._started_at = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has ended.

        Raises:
            Se3Error: it ended right after its first start, so starting it again won't help.
        """
        since_start = time.monotonic() - self._started_at
        self._proven = self._proven or since_start > _SURE_START_SECONDS
        status = self._process.poll() if self._process else None
        if status is None:
            return
        if not self._proven:
            raise Se3Error(f"the {self.name} ended with status {status} as soon as it was started; see above")
        if since_start < _RESTART_SECONDS:
            return
        log.error("process_ended", process=self.name, status=status)
        self.start()

    def signal_stop(self) -> None:
        """Ask it to finish what it is doing and end."""
        if self._process:
            self._process.terminate()

    def await_end(self, deadline: float) -> None:
        """Wait until it has ended; kill it at `deadline` (monotonic seconds)."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("process_killed", process=self.name, after_seconds=STOP_SECONDS)
            self._process.kill()
            self._process.wait()


def keep_running(
    children: list[Child], stop: threading.Event, on_look: Callable[[], None] = lambda: None
) -> None:
    """Run the children until `stop` is set, then end them in their order.

    `on_look` is called several times a second meanwhile.

    Raises:
        Se3Error: a child can't be started.
    """
    try:
        for child in children:
            child.start()
        while not stop.wait(_LOOK_SECONDS):
            for child in children:
                child.look_after()
            on_look()
    finally:
        for child in children:
            child.signal_stop()
        for child in children:
            child.await_end(time.monotonic() + STOP_SECONDS)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
