"""The servers that are compared. Each context manager here runs one; `folder` gets its data and its log."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.cli import processes
from app.config import ROOT
from benchmarks.connection import HOST
from benchmarks.processes import await_answer, running, settings
from benchmarks.server import Server
from benchmarks.stored import files_in, rows_in
from tests.support.ports import free_port

_SE3 = (sys.executable, "-m", "app.cli.main")
_GUNICORN = (sys.executable, "-m", "gunicorn")
_AS_SHIPPED = ("--config", "gunicorn.conf.py")


@contextmanager
def receiver(folder: Path, database_url: str = "") -> Iterator[Server]:
    """The receiver as it is shipped, on a database that is migrated first; SQLite unless a URL is given."""
    url = database_url or f"sqlite:///{folder / 'receiver.db'}"
    _run_once([*_SE3, "migrate"], settings(DATABASE_URL=url))
    environment = settings(DATABASE_URL=url, SPOOL_PATH=str(folder / "spool.db"))
    with _gunicorn("receiver", (*_AS_SHIPPED, "wsgi:app"), environment, folder) as (port, pid):
        yield Server("receiver", port, pid, rows_in(url))


@contextmanager
def console(folder: Path, database_url: str) -> Iterator[Server]:
    """The console as `se3 run` starts it, on a database that is there."""
    port = free_port()
    arguments = processes.console(f"{HOST}:{port}").arguments
    environment = settings(DATABASE_URL=database_url)
    with running([sys.executable, *arguments], environment, folder / "console.log") as pid:
        await_answer(port)
        yield Server("console", port, pid)


@contextmanager
def floor(folder: Path) -> Iterator[Server]:
    """The server that stores nothing, under the receiver's gunicorn settings."""
    arguments = (*_AS_SHIPPED, "benchmarks.peers.floor:app")
    with _gunicorn("floor", arguments, settings(), folder) as (port, pid):
        yield Server("floor", port, pid)


@contextmanager
def vendor_style(folder: Path) -> Iterator[Server]:
    """The vendor-style server."""
    pictures = folder / "pictures"
    pictures.mkdir()
    with _module("vendor_style", str(pictures), folder) as (port, pid):
        yield Server("vendor-style", port, pid, files_in(pictures, "*-scene.jpg"))


@contextmanager
def fastapi_minimal(folder: Path) -> Iterator[Server]:
    """The minimal FastAPI server."""
    file = folder / "fastapi.db"
    with _module("fastapi_minimal", str(file), folder) as (port, pid):
        yield Server("FastAPI minimal", port, pid, rows_in(f"sqlite:///{file}"))


@contextmanager
def flask_orm(folder: Path, database_url: str = "") -> Iterator[Server]:
    """The Flask application with marshmallow and ORM; SQLite unless a URL is given."""
    url = database_url or f"sqlite:///{folder / 'flask_orm.db'}"
    environment = settings(DATABASE_URL=url)
    _run_once([sys.executable, "-m", "benchmarks.peers.flask_orm"], environment)
    arguments = ("--workers", "2", "--worker-class", "sync", "benchmarks.peers.flask_orm:app")
    with _gunicorn("flask_orm", arguments, environment, folder) as (port, pid):
        yield Server("Flask + ORM", port, pid, rows_in(url))


def _run_once(command: list[str], environment: Mapping[str, str]) -> None:
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)


@contextmanager
def _module(name: str, argument: str, folder: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.peers.{name}", str(port), argument]
    with running(command, settings(), folder / f"{name}.log") as pid:
        await_answer(port)
        yield port, pid


@contextmanager
def _gunicorn(
    name: str, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[int, int]]:
    port = free_port()
    address = f"{HOST}:{port}"  # the option for those who don't read the setting
    command = [*_GUNICORN, "--bind", address, *arguments]
    with running(command, {**environment, "RECEIVER_BIND": address}, folder / f"{name}.log") as pid:
        await_answer(port)
        yield port, pid
