"""A backup that is taken under load comes back equal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.store.database import Database
from app.store.models import Base
from app.store.spool.spool import Spool
from tests.acceptance.test_commands import run_se3
from tests.support.new_events import new_event
from tests.support.receivers import Receiver

NewUrl = Callable[[], str]
WRITTEN_ONCE = ("events", "pictures", "event_pictures", "event_warnings", "outbox")


def tables(url: str) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of every table, as text where it can't be compared otherwise."""
    with closing(Database(url)) as database, database.read() as connection:
        return {
            table.name: {tuple(map(repr, row)) for row in connection.execute(select(table))}
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture
def empty_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where to restore into: a database of the same kind without a table."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/restored/se3.db"
        return
    server = request.getfixturevalue("postgresql_server")
    name = "restored_" + database_url.rpartition("/")[2].partition("?")[0]
    server.create_database(name, "template0")
    yield database_url.replace(database_url.rpartition("/")[2].partition("?")[0], name)
    server.drop_database(name)


class Load:
    """Posts events from a thread; `acknowledged` are the numbers that got their 200."""

    def __init__(self, receiver: Receiver) -> None:
        self.acknowledged: list[int] = []
        self._receiver = receiver
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post)
        self._thread.start()

    def _post(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            if self._receiver.post(number)[0] == 200:
                self.acknowledged.append(number)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def test_a_backup_under_load_holds_all_that_was_acknowledged(
    tmp_path: Path, database_url: str, empty_url: str
) -> None:
    file = tmp_path / "backup"
    receiver = Receiver(tmp_path, database_url)
    with receiver.program:
        load = Load(receiver)
        try:
            receiver.program.wait_until(lambda: len(load.acknowledged) > 30)
            before = {1_600_000_000_000 + number for number in load.acknowledged}
            receiver.await_drained()
            began_with = len(load.acknowledged)
            code, output = run_se3(tmp_path, "backup", str(file), DATABASE_URL=database_url)
            assert code == 0, output
            during = len(load.acknowledged) - began_with
        finally:
            load.stop()
    assert during > 0, "nothing was posted while the backup was taken"
    code, output = run_se3(tmp_path, "restore", str(file), DATABASE_URL=empty_url)
    assert code == 0, output
    original, restored = tables(database_url), tables(empty_url)
    for name in WRITTEN_ONCE:
        assert restored[name] <= original[name], name
    columns = [column.name for column in Base.metadata.tables["events"].columns]
    stored = {int(row[columns.index("timestamp")].strip("'")) for row in restored["events"]}
    assert before <= stored
    assert len(restored["outbox"]) == len(restored["events"])
    assert len(restored["event_pictures"]) == 2 * len(restored["events"])


def test_a_restore_equals_what_was_backed_up(tmp_path: Path, database_url: str, empty_url: str) -> None:
    receiver = Receiver(tmp_path, database_url)
    with receiver.program:
        for number in range(20):
            receiver.post(number)
        receiver.await_drained()
    file = tmp_path / "backup"
    assert run_se3(tmp_path, "backup", str(file), DATABASE_URL=database_url)[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert run_se3(tmp_path, "restore", str(file), DATABASE_URL=empty_url)[0] == 0
    assert tables(empty_url) == tables(database_url)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("spool", ["waiting", "damaged"])
def test_what_waits_in_the_spool_is_not_in_it_and_that_is_said(
    tmp_path: Path, database_url: str, spool: str
) -> None:
    waits = tmp_path / "spool.db"
    with closing(Spool(waits)) as opened:
        opened.prepare()
        opened.put([[new_event(1)], [new_event(2)]])
    if spool == "damaged":
        waits.write_bytes(b"no database" * 1000)
    file = tmp_path / "backup"
    code, output = run_se3(tmp_path, "backup", str(file), DATABASE_URL=database_url, SPOOL_PATH=str(waits))
    assert code == 0, output
    assert file.exists()
    said = {
        "waiting": f"2 requests with 2 events waited in {waits}",
        "damaged": f"wait in {waits} can't be told",
    }
    assert said[spool] in output


def test_nothing_is_written_over(tmp_path: Path, database_url: str) -> None:
    file = tmp_path / "backup"
    settings = {"DATABASE_URL": database_url}
    assert run_se3(tmp_path, "backup", str(file), **settings)[0] == 0
    code, output = run_se3(tmp_path, "backup", str(file), **settings)
    assert code == 1
    assert "exists; name a new file" in output
    before = tables(database_url)
    code, output = run_se3(tmp_path, "restore", str(file), **settings)
    assert code == 1
    assert "move it away" in output or "create an empty one" in output
    assert tables(database_url) == before


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0" + bytes(4080)])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "backup"
    file.write_bytes(content)
    target = tmp_path / "new" / "se3.db"
    code, output = run_se3(tmp_path, "restore", str(file), DATABASE_URL=f"sqlite:///{target}")
    assert code == 1
    assert "Traceback" not in output
    assert not target.exists()
    assert list(target.parent.glob("*")) == []


def test_a_damaged_database_makes_no_backup(tmp_path: Path, sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    pages = bytearray(file.read_bytes())
    middle = len(pages) // 2 // 4096 * 4096
    pages[middle : middle + 8192] = bytes([7]) * 8192
    file.write_bytes(pages)
    code, output = run_se3(tmp_path, "backup", str(tmp_path / "backup"), DATABASE_URL=sqlite_url)
    assert code == 1
    assert "Traceback" not in output
    assert not (tmp_path / "backup").exists()
