"""A log that a long read has made large is moved into SQLite's file beside the commits, and cut in steps."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import text

from app.store import log_keeper
from app.store.database import Database
from tests.support.waiting import wait_until

KEPT, LARGE, STEP, BODY = 2**20, 2 * 2**20, 2**19, 100_000


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_keeper, "LOG_BYTES_KEPT", KEPT)
    monkeypatch.setattr(log_keeper, "_LARGE_BYTES", LARGE)
    monkeypatch.setattr(log_keeper, "_GROWN_BYTES", STEP)
    monkeypatch.setattr(log_keeper, "_CUT_BYTES", STEP)
    monkeypatch.setattr(log_keeper, "_LITTLE_PAGES", 50)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{file}")) as database:
        with database.write() as connection:
            connection.execute(text("CREATE TABLE bodies (content BLOB)"))
        yield database


def write(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("INSERT INTO bodies VALUES (:content)"), {"content": os.urandom(BODY)})


def log_size(file: Path) -> int:
    return file.with_name(f"{file.name}-wal").stat().st_size


@contextmanager
def reading(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM bodies").fetchone()
        yield


def write_beside_a_long_read(database: Database, file: Path, until_bytes: int) -> None:
    with reading(file):
        while log_size(file) <= until_bytes:
            write(database)


def test_no_commit_moves_what_a_long_read_has_left(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_keeper.LogKeeper, "_move", lambda _: None)
    write_beside_a_long_read(database, file, 3 * LARGE)
    before = file.read_bytes()
    for _ in range(3):
        write(database)
    assert file.read_bytes() == before


def test_it_is_moved_beside_them_and_cut_in_steps_as_more_is_written(database: Database, file: Path) -> None:
    write_beside_a_long_read(database, file, 4 * LARGE)
    wait_until(lambda: file.stat().st_size > 3 * LARGE)  # no commit has been behind the read
    sizes = [log_size(file)]
    for _ in range(3000):
        write(database)
        sizes.append(log_size(file))
        if sizes[-1] <= KEPT + STEP:
            break
    assert sizes[-1] <= KEPT + STEP
    assert max(larger - smaller for larger, smaller in pairwise(sizes)) <= STEP + BODY
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM bodies")) > 4 * LARGE // BODY


def test_a_second_long_read_is_one_too(database: Database, file: Path) -> None:
    write_beside_a_long_read(database, file, 2 * LARGE)
    wait_until(lambda: file.stat().st_size > LARGE)
    write_beside_a_long_read(database, file, 8 * LARGE)
    wait_until(lambda: file.stat().st_size > 6 * LARGE)


def test_a_keeper_that_fails_fails_no_commit_and_tells_of_it_seldom(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(log_keeper, "_synced", Mock(side_effect=OSError("no room")))
    monkeypatch.setattr(log_keeper.log, "warning", lambda event, **_: told.append(event))
    with reading(file):
        for _ in range(60):  # some 6 MB
            write(database)
    assert 1 <= len(told) <= 60 * BODY // STEP
    assert set(told) == {"log_not_moved"}
