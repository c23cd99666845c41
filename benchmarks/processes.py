"""Starts what is measured, each program in a process of its own, and ends it again."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import urllib3

from app.config import ROOT, variables
from benchmarks.connection import HOST

_START_SECONDS = 15.0
_STOP_SECONDS = 25.0  # gunicorn gives its workers 20
_UNTIL_READY = urllib3.Retry(total=100, backoff_factor=0.05, backoff_max=0.3)  # about 30 s


def settings(**own: str) -> dict[str, str]:
    """This process's environment with these settings and no others, as though there were no `.env`."""
    names = [field.name.upper() for field in variables()]
    unset = dict.fromkeys([*names, *(f"{name}_FILE" for name in names)], "")
    inherited = {name: value for name, value in os.environ.items() if name != "WEB_CONCURRENCY"}
    return inherited | unset | own


@contextmanager
def running(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[int]:
    """Run a program in `folder`, which prints into `log`; gives its process id."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process.pid
    except Exception:
        sys.stderr.write(f"{log.name} ends with:\n{log.read_text()[-2000:]}\n")
        raise
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    process.kill()  # nothing, if it has ended
    process.wait()


def await_answer(port: int) -> None:
    """Wait for any HTTP answer: /healthz is the receiver's alone, and the others answer it with 404."""
    urllib3.request("GET", f"http://{HOST}:{port}/healthz", retries=_UNTIL_READY, timeout=5.0)


def await_port(port: int) -> None:
    """Wait until something listens.

    Raises:
        TimeoutError: nothing does after 15 s.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {_START_SECONDS:g} s")


def await_line(log: Path, line: str) -> None:
    """Wait until a program has printed this line.

    Raises:
        TimeoutError: it has not after 15 s.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if line in log.read_text().splitlines():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{log.name} has no line {line!r} after {_START_SECONDS:g} s")
