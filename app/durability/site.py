"""The scratch instance: receiver, forwarder, EnOS, broker and database, each as processes of their own."""

import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

from app.config import variables
from app.durability import family
from app.durability.broker import broker_command
from app.durability.hub import PRODUCT, SECRET
from app.durability.part import Part
from app.durability.ports import answers, free_ports
from app.durability.postgresql import OwnPostgreSQL
from app.durability.waiting import wait_until
from app.errors import Se3Error
from app.store.accounts import is_empty
from app.store.database import Database
from app.store.migration import migrate

_START_SECONDS = 60.0

POSTGRESQL = "PostgreSQL"


class Site:
    """Runs from `start` to `stop`. What is killed is started again at once."""

    def __init__(self, folder: Path, database_url: str | None, own_postgresql: Path | None) -> None:
        """`folder`: for all that is written. `database_url`: of an empty database; None means SQLite there.

        `own_postgresql`: a folder for a PostgreSQL server of its own, which is killed too.

        Raises:
            Se3Error: PostgreSQL could not be set up.
        """
        receiver_port, hub_port, self._broker_port, postgresql_port = free_ports(4)
        self.url, self._receiver_port, self._hub_port = (
            f"http://127.0.0.1:{receiver_port}",
            receiver_port,
            hub_port,
        )
        self.folder, self.notes, self.spool = folder, folder / "delivered.txt", folder / "spool.db"
        self._server = OwnPostgreSQL(own_postgresql, postgresql_port) if own_postgresql else None
        self.sqlite_file = None if database_url or self._server else folder / "se3.db"
        self._database_url = (
            self._server.url if self._server else database_url or f"sqlite:///{self.sqlite_file}"
        )
        self._environment = self._settings()
        self._parts: dict[str, Part] = {}
        self._end = ExitStack()

    def __enter__(self) -> Self:
        """Start.

        Raises:
            Se3Error: a part does not come up, or the database is not empty.
        """
        with self._end:
            self._start()
            self._end = self._end.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        self._end.close()

    @property
    def kinds(self) -> list[str]:
        """The kinds of processes that can be killed."""
        receiver = ["gunicorn's master", "gunicorn worker", "writer process"]
        return receiver + [name for name in self._parts if name != "receiver"]

    def database(self) -> Database:
        """The database, opened."""
        return Database(self._database_url)

    def kill(self, kind: str, rng: random.Random) -> bool:
        """SIGKILL a process of this kind; returns whether there was one.

        A master counts once it has workers: before that its port may not be free yet.
        """
        if kind == "gunicorn's master":
            return bool(family.children(self._parts["receiver"].pid)) and self._kill_part("receiver")
        if kind == "gunicorn worker":
            return _kill_one(family.children(self._parts["receiver"].pid), rng)
        if kind == "writer process":
            found = family.descendants(self._parts["receiver"].pid)
            return _kill_one([pid for pid in found if "app.cli.main write" in family.command(pid)], rng)
        if kind == POSTGRESQL:
            family.kill(family.children(self._parts[kind].pid))
        return self._kill_part(kind)

    def _kill_part(self, name: str) -> bool:
        part = self._parts[name]
        runs = part.runs
        part.kill()
        return runs

    def _start(self) -> None:
        if self._server:
            self._add(POSTGRESQL, self._server.command, **self._server.options)
            self._await("PostgreSQL", self._server.is_ready)
        with closing(self.database()) as database:
            if not is_empty(database):
                raise Se3Error(
                    "the database is not empty: name one that holds no table, which is for this alone"
                )
            migrate(database)
        self._add("MQTT broker", broker_command(self._broker_port, self.folder))
        self._await("MQTT broker", lambda: answers(self._broker_port))
        broker_url = f"mqtt://127.0.0.1:{self._broker_port}"
        self._add_python("EnOS hub", "app.durability.hub", broker_url, str(self._hub_port), str(self.notes))
        self._await("EnOS hub", lambda: answers(self._hub_port))
        self._add_python("forwarder", "app.durability.hurried_forwarder")
        self._add_python("receiver", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app")
        self._await("receiver", lambda: answers(self._receiver_port))

    def _add_python(self, name: str, *arguments: str) -> None:
        self._add(name, [sys.executable, "-m", *arguments])

    def _add(self, name: str, command: Sequence[str], **options: object) -> None:
        log = self.folder / f"{name.replace(' ', '-').lower()}.log"
        part = Part(command, self._environment, log, **options)
        self._end.callback(part.end)
        self._parts[name] = part

    def _await(self, name: str, is_up: Callable[[], bool]) -> None:
        if not wait_until(is_up, _START_SECONDS):
            raise Se3Error(f"the {name} of the scratch instance does not come up; see {self.folder}")

    def _settings(self) -> dict[str, str]:
        names = [field.name.upper() for field in variables()]
        unset = dict.fromkeys([*names, *(f"{name}_FILE" for name in names)], "")  # nothing of the site's own
        return {
            **os.environ,
            **unset,
            "TMPDIR": str(self.folder),
            "DATABASE_URL": self._database_url,
            "SPOOL_PATH": str(self.spool),
            "RECEIVER_BIND": f"127.0.0.1:{self._receiver_port}",
            "DISK_FLOOR_MB": "0",
            "ENOS_BROKER_URL": f"mqtt://127.0.0.1:{self._hub_port}",
            "ENOS_PRODUCT_KEY": PRODUCT,
            "ENOS_PRODUCT_SECRET": SECRET,
        }


def _kill_one(pids: Sequence[int], rng: random.Random) -> bool:
    if pids:
        family.kill([rng.choice(pids)])
    return bool(pids)
