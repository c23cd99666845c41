"""The whole product as a site runs it: `se3 run` with a real broker and a simulated EnOS."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import urllib3

from app.simulators.form_encodings import Encoded
from app.store.database import Database
from app.store.queries import Counts, counts
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.programs import Program, own_program
from tests.support.settings import child_environment
from tests.support.spools import await_drained

SECRET = "never-in-any-log"
Command = Sequence[str | Path]
_ONCE = urllib3.Timeout(10)


class Product:
    """A running `se3 run`, and the command line of the same settings."""

    def __init__(self, folder: Path, settings: Mapping[str, str], run: Command | None = None) -> None:
        """`settings`: beside the receiver's address, which is chosen here; `run`: in place of `se3 run`."""
        self._run = run or [own_program("se3"), "run"]
        self.url = f"http://127.0.0.1:{free_port()}"
        own = {"RECEIVER_BIND": self.url.removeprefix("http://"), "SPOOL_PATH": str(folder / "spool.db")}
        self.settings = {**own, "DISK_FLOOR_MB": "0", **settings}
        self._spool = Path(self.settings["SPOOL_PATH"])
        self._log_path = folder / "se3.log"
        self._http = urllib3.PoolManager(maxsize=16, retries=False, timeout=_ONCE)
        self.program = self._start()

    def restart(self) -> None:
        """Start it again after it was killed, and wait until it takes events."""
        self.program.kill()
        self.program = self._start()

    def _start(self) -> Program:
        program = Program(self._run, self._log_path, env=self.settings)
        program.wait_until(self._is_ready, timeout=30)
        return program

    def post(self, path: str, request: Encoded) -> Any:
        """Post as a box does; returns the status and the decoded reply."""
        body, headers = request
        reply = self._http.request("POST", self.url + path, body=body, headers=headers)
        return reply.status, reply.json()

    def se3(self, *arguments: str) -> str:
        """Run an se3 command and give its standard output."""
        command = [str(own_program("se3")), *arguments]
        environment = child_environment(self.settings)
        return subprocess.run(
            command, env=environment, capture_output=True, check=True, timeout=60
        ).stdout.decode()

    def status(self) -> Any:
        """`se3 status --json`."""
        return json.loads(self.se3("status", "--json"))

    def counts(self) -> Counts:
        """What `se3 status` tells, once all that was acknowledged is in the database.

        No process is started for each time that it is asked.
        """
        self.await_drained()
        with closing(Database(self.settings["DATABASE_URL"])) as database, database.read() as connection:
            return counts(connection)

    def await_drained(self) -> None:
        """Wait until all that it acknowledged is in the database."""
        await_drained(self._spool)

    def wait_for(self, condition: Callable[[Counts], bool], timeout: float = 15) -> None:
        """Wait until the numbers are as wanted."""
        with closing(Database(self.settings["DATABASE_URL"])) as database:

            def is_reached() -> bool:
                with database.read() as connection:
                    return condition(counts(connection))

            self.program.wait_until(is_reached, timeout)

    def wait_for_deliveries(self, count: int, timeout: float) -> None:
        """Wait until so many rows of the outbox are delivered."""
        self.wait_for(lambda found: found.outbox["delivered"] >= count, timeout)

    def _is_ready(self) -> bool:
        try:
            return self._http.request("GET", f"{self.url}/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def close(self) -> None:
        """Stop it, in order if it still runs."""
        self.program.stop(timeout=30)
        self._http.clear()


@pytest.fixture
def product(tmp_path: Path, database_url: str, mosquitto: Mosquitto) -> Iterator[Product]:
    """The product with EnOS settings, on a fresh database."""
    with closing(Product(tmp_path, relaying(database_url, mosquitto))) as product:
        yield product


def relaying(database_url: str, mosquitto: Mosquitto) -> dict[str, str]:
    """The settings of a product that relays to EnOS."""
    return {
        "DATABASE_URL": database_url,
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": SECRET,
    }
