"""Keeps child processes running until told to stop."""

import os
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
_FIRST_HANDED = 3  # SD_LISTEN_FDS_START
_SURE_START_SECONDS = 15.0  # gunicorn tries for 5 s to get its port

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """A Python program that is started again whenever it ends.

    `arguments` are the interpreter's. It rests `restart_seconds` before it is started again. Without a
    `vital` one that fails at once nothing else is of use. `log_file` takes what the program prints, which
    else goes where our own output goes. It gets our open files `pass_fds`.
    """

    name: str
    arguments: tuple[str, ...]
    restart_seconds: float
    vital: bool
    environment: dict[str, str] | None = None
    log_file: IO[bytes] | None = None
    pass_fds: tuple[int, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _start_again_at: float | None = field(default=None, init=False)
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
            pass_fds=self.pass_fds,
            start_new_session=True,
        )
        self._started_at = time.monotonic()

    def look_after(self) -> None:
        """Start it again if it has ended and rested.

        Raises:
            Se3Error: it is vital and ended right after its first start, so starting it again won't help.
        """
        now = time.monotonic()
        status = self._process.poll() if self._process else None
        if status is None:
            self._proven = self._proven or now - self._started_at > _SURE_START_SECONDS
        elif self._start_again_at is None:
            self._has_ended(status, now)
        elif now >= self._start_again_at:
            self._start_again_at = None
            self.start()

    def _has_ended(self, status: int, now: float) -> None:
        if self.vital and not self._proven:
            raise Se3Error(f"the {self.name} ended with status {status} as soon as it was started; see above")
        log.error("process_ended", process=self.name, status=status, restart_in=self.restart_seconds)
        self._start_again_at = now + self.restart_seconds

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


def receiver(environment: dict[str, str] | None = None, log_file: IO[bytes] | None = None) -> Child:
    """The receiver under gunicorn; boxes wait for it, so it comes back fast."""
    sockets = handed_sockets()
    bind = [f"--bind=fd://{number}" for number in sockets]
    arguments = ("-m", "gunicorn", "--config", "gunicorn.conf.py", *bind, "wsgi:app")
    return Child("receiver", arguments, 1.0, True, environment, log_file, sockets)


def console(bind: str, environment: dict[str, str] | None = None, log_file: IO[bytes] | None = None) -> Child:
    """The console under gunicorn, listening on `bind`: one process with a thread for each page asked for."""
    threads = ("--workers", "1", "--threads", "16")
    arguments = ("-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", bind, *threads, "wsgi:console")
    return Child("console", arguments, 5.0, False, environment, log_file)


def forwarder(environment: dict[str, str] | None = None, log_file: IO[bytes] | None = None) -> Child:
    """The forwarder; when it may connect again, the database tells it."""
    return Child("forwarder", ("-m", "app.cli.main", "forward"), 5.0, False, environment, log_file)


def handed_sockets() -> tuple[int, ...]:
    """The listening sockets that systemd keeps open for this process and its followers (sd_listen_fds(3)).

    Boxes that connect while none of them runs wait, and are answered by the next one.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return ()
    return tuple(range(_FIRST_HANDED, _FIRST_HANDED + int(os.environ.get("LISTEN_FDS", "0"))))


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
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.await_end(deadline)


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM, Ctrl-C and the end of the terminal set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup has it ignored
            signal.signal(number, lambda *_: stop.set())
    return stop
