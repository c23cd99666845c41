"""Starts what is measured, each program in a process of its own, and ends it again."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import urllib3

from app.cli.processes import free_port
from app.config import ROOT, variables
from app.simulators.broker import EmbeddedBroker
from benchmarks.connection import HOST

_SE3 = (sys.executable, "-m", "app.cli.main")
_GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py")
_START_SECONDS = 15.0
_STOP_SECONDS = 25.0  # gunicorn gives its workers 20
_UNTIL_READY = urllib3.Retry(total=60, backoff_factor=0.05, backoff_max=0.3)  # about 18 s
_MOSQUITTO = """\
listener {port} {host}
allow_anonymous true
persistence false
set_tcp_nodelay true
"""


@contextmanager
def receiver(folder: Path, database_url: str) -> Iterator[int]:
    """Run the receiver as it is shipped, on a database that is migrated first; gives its port."""
    environment = settings(DATABASE_URL=database_url)
    subprocess.run([*_SE3, "migrate"], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    with _gunicorn("wsgi:app", environment, folder / "receiver.log") as port:
        yield port


@contextmanager
def floor(folder: Path) -> Iterator[int]:
    """Run the server that stores nothing, under the receiver's gunicorn settings; gives its port."""
    with _gunicorn("benchmarks.floor:app", settings(), folder / "floor.log") as port:
        yield port


@contextmanager
def vendor_style(folder: Path) -> Iterator[int]:
    """Run the vendor-style server, which gets a folder for its pictures; gives its port."""
    port, pictures = free_port(), folder / "pictures"
    pictures.mkdir()
    arguments = ("-m", "benchmarks.vendor_style", str(port), str(pictures))
    with _running([sys.executable, *arguments], settings(), folder / "vendor_style.log"):
        _await_answer(port)
        yield port


@contextmanager
def forwarder(folder: Path, database_url: str, broker_url: str) -> Iterator[None]:
    """Run the forwarder on a database that is migrated."""
    environment = settings(
        DATABASE_URL=database_url,
        ENOS_BROKER_URL=broker_url,
        ENOS_PRODUCT_KEY="benchProduct",
        ENOS_PRODUCT_SECRET="benchSecret",
    )
    with _running([*_SE3, "forward"], environment, folder / "forwarder.log"):
        yield


@contextmanager
def broker(folder: Path) -> Iterator[tuple[str, str]]:
    """Run mosquitto, or amqtt inside this process where there is none; gives its name and URL."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        with EmbeddedBroker() as embedded:
            yield "amqtt in the load generator's process", embedded.url
        return
    port, config = free_port(), folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""  # else root's broker would become another user
    config.write_text(_MOSQUITTO.format(port=port, host=HOST) + user)
    with _running([program, "-c", str(config)], settings(), folder / "mosquitto.log"):
        _await_port(port)
        yield "mosquitto", f"mqtt://{HOST}:{port}"


def settings(**own: str) -> dict[str, str]:
    """This process's environment with these settings and no others, as though there were no `.env`."""
    names = [field.name.upper() for field in variables()]
    unset = dict.fromkeys([*names, *(f"{name}_FILE" for name in names)], "")
    inherited = {name: value for name, value in os.environ.items() if name != "WEB_CONCURRENCY"}
    return inherited | unset | own


@contextmanager
def _gunicorn(app: str, environment: Mapping[str, str], log: Path) -> Iterator[int]:
    port = free_port()
    bound = {**environment, "RECEIVER_BIND": f"{HOST}:{port}"}
    with _running([*_GUNICORN, app], bound, log):
        _await_answer(port)
        yield port


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    process.kill()  # nothing, if it has ended
    process.wait()


def _await_answer(port: int) -> None:
    """Any answer will do: /healthz is the receiver's alone, and the others answer it with 404."""
    urllib3.request("GET", f"http://{HOST}:{port}/healthz", retries=_UNTIL_READY, timeout=5.0)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {_START_SECONDS:g} s")
