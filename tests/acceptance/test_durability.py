"""`se3 verify durability`: nothing is lost; it would see if something were; it leaves nothing running.

`make long` runs the first with 200 cycles.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from app.config import ROOT
from app.durability import cuts
from app.durability.account import account
from app.durability.cuts import cut
from app.durability.load import unique
from app.store import events
from app.store.database import Database
from tests.support.new_events import new_event
from tests.support.parts import find_postgresql
from tests.support.postgresql import PostgreSQL
from tests.support.programs import Program
from tests.support.waiting import wait_until

CYCLES = int(os.environ.get("DURABILITY_CYCLES", "4"))


def verify(folder: Path, *options: str) -> Program:
    command = [sys.executable, "-u", "-m", "app.cli.main", "verify", "durability", *options]
    return Program(command, folder / "verify.log", env={"TMPDIR": str(folder)}, cwd=ROOT)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's: that is closed to the user who runs PostgreSQL for root."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def number_beside(words: str, output: str) -> int:
    line = next(line for line in output.splitlines() if words in line)
    return int(line.strip("│ ").rpartition("│")[2].replace(",", ""))


def started_in(folder: Path) -> list[str]:
    """Command lines of the processes that run with a file of this folder, or with a setting that names it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told and int(process.name) != os.getpid():
            found.append(told.decode(errors="replace"))
    return found


@pytest.mark.timeout(CYCLES * 10 + 400)
@pytest.mark.parametrize("option", ["", "--own-postgresql"])
def test_nothing_that_was_acknowledged_is_lost(option: str, folder: Path) -> None:
    if option:
        find_postgresql()
    with verify(folder, "--cycles", str(CYCLES), "--seed", "4", *option.split()) as program:
        program.wait_for_output("SIGKILLs:", CYCLES * 10 + 360)
        wait_until(lambda: program.exit_code is not None, 60)  # it ends its parts first
        output = program.output()
    print(output)  # noqa: T201
    assert program.exit_code == 0
    assert number_beside("acknowledged ", output) > CYCLES * 40
    assert number_beside("stored", output) >= number_beside("acknowledged ", output)
    assert number_beside("acknowledged, not stored", output) == 0
    assert number_beside("acknowledged, not delivered", output) == 0
    assert number_beside("stored twice", output) == 0
    wait_until(lambda: not started_in(folder))
    assert not list(folder.glob("se3-verify-*"))


def test_ctrl_c_ends_it_and_all_it_started(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    name = f"verify_{uuid4().hex}"
    postgresql_server.create_database(name)
    try:
        with verify(tmp_path, "--database", postgresql_server.url(name)) as program:
            program.wait_for_output("1/20", 90)
            assert program.stop(signal.SIGINT, timeout=60) == 1
            assert "stopped before the account" in program.output()
        wait_until(lambda: not started_in(tmp_path))  # a writer process just started ends by itself
    finally:
        postgresql_server.drop_database(name)


def test_a_database_that_holds_something_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    url = postgresql_url.replace("+psycopg", "")
    with verify(tmp_path, "--database", url) as program:
        program.wait_until(lambda: program.exit_code == 1, 30)
    assert "the database is not empty" in program.output()


def store(database: Database, names: Sequence[str]) -> None:
    """Keep these events; the picture of the one that ends in 2 is another one's."""
    new = []
    for name in names:
        document = unique({"ext_data": {"dev_sno": "A"}}, int(name) + name.endswith("2"))
        new.append(new_event(timestamp=int(name), ext_data=document["ext_data"]))
    with database.write() as connection:
        events.record(connection, new)


@pytest.mark.parametrize(("acknowledged", "fault"), [("1600000000001", ""), ("1600000000009", "lacks 1")])
def test_a_cut_must_hold_what_was_acknowledged(
    acknowledged: str, fault: str, tmp_path: Path, sqlite_url: str
) -> None:
    with closing(Database(sqlite_url)) as database:
        store(database, ["1600000000001"])
        found = cut(sqlite_file(database), lambda: frozenset([acknowledged]), tmp_path)
    assert fault in found
    assert bool(found) == bool(fault) == bool(list(tmp_path.glob("cut-*.db")))


def test_a_cut_between_whose_copies_the_log_began_anew_is_taken_again(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first copy of the database's file is the old one, and the log has none of what it lacks."""
    copied: list[Path] = []
    with closing(Database(sqlite_url)) as database:
        store(database, ["1600000000001"])

        def copy_and_begin_the_log_anew(source: Path, target: Path) -> None:
            shutil.copyfile(source, target)
            copied.append(source)
            if len(copied) == 1:
                with database.engine.connect() as connection:
                    connection.connection.cursor().execute("PRAGMA wal_checkpoint(RESTART)")
                store(database, ["1600000000003"])

        monkeypatch.setattr(cuts, "copyfile", copy_and_begin_the_log_anew)
        file = sqlite_file(database)
        assert cut(file, lambda: frozenset(["1600000000001"]), tmp_path) == ""
    assert copied.count(file) == 2


def sqlite_file(database: Database) -> Path:
    assert database.sqlite_file
    return database.sqlite_file


def test_the_account_finds_what_is_missing_twice_or_without_its_picture(
    database: Database, tmp_path: Path
) -> None:
    store(database, ["1600000000001", "1600000000002", "1600000000003"])
    notes = tmp_path / "delivered.txt"
    notes.write_text("1600000000001\n1600000000001\n1600000000003\n")
    found = account(database, notes, 6, {"1600000000001", "1600000000002", "1600000000004"})
    assert (found.posted, found.acknowledged, found.stored, found.delivered) == (6, 3, 3, 2)
    assert (found.not_stored, found.not_delivered) == (2, 2)
    assert (found.twice, found.delivered_twice) == (0, 1)
    assert not found.holds
