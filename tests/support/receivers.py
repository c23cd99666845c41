"""A real receiver whose processes a test can stop and kill."""

import re
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import urllib3

from app.config import ROOT
from app.simulators.encodings import encode
from app.store.database import Database
from app.store.writer_files import WriterFiles
from tests.support.certificates import Pair
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.programs import Program
from tests.support.spools import await_drained

STARTED = re.compile(r"process_started .*pid=(\d+)")


def event(number: int) -> dict[str, Any]:
    """A history event of its own."""
    return payload("history-contract") | {"timestamp": 1_600_000_000_000 + number}


class Receiver:
    """gunicorn on a fresh database, with two workers unless the settings say otherwise.

    `tls`: the authority that boxes trust, and the certificate that it gave the receiver.
    """

    def __init__(
        self, folder: Path, url: str, tls: tuple[Path, Pair] | None = None, /, **settings: str
    ) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        self.http = urllib3.PoolManager(
            maxsize=8, retries=False, timeout=urllib3.Timeout(10), ca_certs=str(tls[0]) if tls else None
        )
        if tls:
            settings["GUNICORN_CMD_ARGS"] = f"--certfile={tls[1].cert} --keyfile={tls[1].key}"
        self._spool = folder / "spool.db"
        own = {"DATABASE_URL": url, "RECEIVER_BIND": self.address, "SPOOL_PATH": str(self._spool)}
        settings = {"DISK_FLOOR_MB": "0"} | settings | own
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"]
        self.program = Program(command, folder / "receiver.log", env=settings, cwd=ROOT)
        with closing(Database(url)) as database:
            self.socket = Path(WriterFiles(database).socket)
        self.socket.unlink(missing_ok=True)  # of an earlier test
        try:
            self.program.wait_until(self._is_ready, timeout=45)
        except BaseException:
            self.program.kill()
            raise

    def _is_ready(self) -> bool:
        """Whether its port and its writer process listen."""
        try:
            self.http.request("GET", f"{self.url}/healthz")
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self.socket))
        except (urllib3.exceptions.HTTPError, OSError):
            return False
        return True

    def post(self, number: int) -> tuple[int, bool]:
        """Post an event of its own; returns the status, and whether it counts as a duplicate."""
        body, headers = encode(event(number), "json")
        reply = self.http.request("POST", f"{self.url}/HistoryEvent", body=body, headers=headers)
        return reply.status, reply.json()["data"]["duplicate"]

    def await_drained(self) -> None:
        """Wait until all that it acknowledged is in the database."""
        await_drained(self._spool)

    def writers(self) -> list[int]:
        """Process ids of all writer processes that were started, the last one last."""
        return [int(found) for found in STARTED.findall(self.program.output())]

    def await_writer(self, after: int) -> int:
        """The process id of a writer process that follows so many others."""
        self.program.wait_until(lambda: len(self.writers()) > after)
        return self.writers()[-1]
