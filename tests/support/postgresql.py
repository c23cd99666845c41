"""A real PostgreSQL server."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from tests.support.parts import find_postgresql
from tests.support.ports import free_port
from tests.support.programs import Program, become

_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "16MB",
    # A test does not outlive a power cut; what only recovery needs would cost most of a copy of a database.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Defaults that the product must not rely on: its sessions have to set their own.
    "synchronous_commit": "off",
    "timezone": "Asia/Kolkata",
}


_MEMORY = Path("/dev/shm")
_ROOM = 2**30  # bytes: far more than a server keeps at a time


def folder_for_server() -> Path | None:
    """A folder in memory, where a database's hundreds of files are made and removed fast.

    None, which stands for the usual folder of temporary files, if there is none with enough room.
    """
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has_room else None


class PostgreSQL:
    """A server on a port of its own that a test can take away and give back."""

    def __init__(self, folder: Path, options: Mapping[str, str] = MappingProxyType({})) -> None:
        """`folder`: empty, for its data and its log. It does not run before `start`.

        `options`: of the server, instead of or beside those above.
        """
        self.port = free_port()
        self.log_path = folder / "postgresql.log"
        self._folder = folder
        self._options = _OPTIONS | dict(options)
        self._programs = find_postgresql()
        self._user = _unprivileged_user()
        self._program: Program | None = None
        if self._user:
            shutil.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._create_cluster()

    def url(self, database: str = "postgres") -> str:
        """Give the address of a database in the form that PostgreSQL's own programs take."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it answers; nothing if it runs."""
        if self._program is None:
            self._program = Program(self._args(), self.log_path, cwd=self._folder, user=self._user)
            self._program.wait_for_output("database system is ready to accept connections")

    def stop(self) -> None:
        """End it, and with it every connection; nothing if it has ended."""
        if self._program is not None:
            self._program.stop(signal.SIGINT)  # SIGTERM would wait for the clients to leave
            self._program = None

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database as a copy of `template`, to which nothing may be connected."""
        with self._connect() as connection:
            # Its files are in memory: to copy them is half the work of writing them into the log, as 15 does.
            strategy = SQL("STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else "")
            names = Identifier(name), Identifier(template)
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE {} {}").format(*names, strategy))

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self._connect() as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _connect(self) -> psycopg.Connection[Any]:
        self.start()  # an earlier test may have stopped it
        return psycopg.connect(self.url(), autocommit=True)

    def _create_cluster(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run(
            [self._programs / "initdb", self._folder / "data", *options],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            **become(self._user),
        )

    def _args(self) -> list[str | Path]:
        options = self._options | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        settings = [f"--{name}={value}" for name, value in options.items()]
        return [self._programs / "postgres", "-D", self._folder / "data", *settings]


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Give the user that root has to become, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]
