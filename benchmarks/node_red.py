"""Runs Node-RED as a peer: http in → row → sqlite → reply, as peers/node_red/flows.json has it.

The flow decodes both pictures and commits one row that holds them to SQLite (WAL, synchronous=FULL, which is
what node-sqlite3 is built with) before the reply. It does not check, deduplicate, take forms, or relay.
"""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.config import ROOT
from benchmarks.missing import Missing
from benchmarks.processes import await_answer, running, settings
from benchmarks.server import Server
from benchmarks.stored import rows_in
from tests.support.ports import free_port

_PACKAGES = ("node-red@4.1.15", "node-red-node-sqlite@1.1.1")  # the newest that run on Node 20
_INSTALLED = ROOT / "var/node-red"
_DONE = _INSTALLED / " ".join(_PACKAGES)  # other versions are installed anew
_FLOW = Path(__file__).with_name("peers") / "node_red"
_INSTALL_SECONDS = 600.0  # node-sqlite3 is compiled where its binary can't be downloaded
_TABLE = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY, identity_id TEXT, identity_name TEXT, timestamp INTEGER, score REAL,
    dev_sno TEXT, device_ip TEXT, reg_pic BLOB, spot_pic BLOB
)"""


def is_installed() -> bool:
    """Whether `install` has done its work before."""
    return _DONE.exists()


def install() -> None:
    """Install Node-RED into var/node-red with npm, once.

    Raises:
        Missing: there is no npm, or it can't install it.
    """
    if is_installed():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("Node-RED is left out: npm is not installed; on Debian: sudo apt-get install npm")
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    print("Installing Node-RED into var/node-red, once; this may take minutes")
    options = ["--no-save", "--no-audit", "--no-fund", "--prefix", str(_INSTALLED)]
    _try([npm, "install", *options, *_PACKAGES])
    _try(["node", "-e", "require('sqlite3')"])  # npm may leave it uncompiled
    _DONE.touch()


def _try(command: list[str]) -> None:
    ended = subprocess.run(command, cwd=_INSTALLED, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    if ended.returncode:
        raise Missing(f"Node-RED is left out: {Path(command[0]).name} failed: {ended.stderr.strip()[-300:]}")


@contextmanager
def node_red(folder: Path) -> Iterator[Server]:
    """Run it; `install` must have been called.

    Node-RED finds the sqlite node in the `node_modules` of its user folder. The flow names its database
    relative to the folder that Node-RED is started in.
    """
    home, port = folder / "node-red", free_port()
    shutil.copytree(_FLOW, home)
    (home / "node_modules").symlink_to(_INSTALLED / "node_modules")
    _create_table(home / "events.db")
    command: list[str | Path] = ["node", home / "node_modules/node-red/red.js", "--userDir", home]
    with running(command, settings(PORT=str(port)), folder / "node-red.log", home) as pid:
        await_answer(port)
        yield Server("Node-RED", port, pid, rows_in(f"sqlite:///{home / 'events.db'}"))


def _create_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # which the file keeps
        connection.execute(_TABLE)
