"""A backup's file is its owner's alone, and what is in it is of one moment."""

import resource
import signal
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import BackupError
from app.store import events
from app.store.backups import postgresql, sqlite
from app.store.backups.copies import back_up
from app.store.database import Database
from app.store.queries import counts
from tests.support.new_events import new_event


def store(database: Database, number: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number)])


def counted(database: Database) -> int:
    with database.read() as connection:
        return counts(connection).events


def test_a_file_that_was_left_behind_is_replaced(database: Database, tmp_path: Path) -> None:
    part = tmp_path / "backup.part"
    part.write_bytes(b"")
    part.chmod(0o644)
    with part.open("rb") as kept_open:
        back_up(database, tmp_path / "backup")
        assert kept_open.read() == b""
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backup").stat().st_size > 0
    assert not part.exists()


def test_nothing_is_written_where_somebody_elses_link_leads(database: Database, tmp_path: Path) -> None:
    elsewhere, part = tmp_path / "elsewhere", tmp_path / "backup.part"
    elsewhere.write_bytes(b"")
    part.symlink_to(elsewhere)
    with pytest.raises(BackupError, match="can't be made"):
        back_up(database, tmp_path / "backup")
    assert elsewhere.read_bytes() == b""
    assert part.is_symlink()
    assert not (tmp_path / "backup").exists()


def test_what_does_not_fit_on_the_disk_is_no_backup(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_run", lambda *_: [bytes(2**20)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, limits[1]))
    try:
        with (
            closing(Database(postgresql_url)) as database,
            pytest.raises(BackupError, match="can't be written"),
        ):
            back_up(database, tmp_path / "backup")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.glob("backup*")) == []


def test_a_copy_is_of_one_moment_though_much_is_written_meanwhile(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "STEP_BYTES", 16_384)
    steps = []
    with closing(Database(sqlite_url)) as database:
        store(database, 1)

        def end_step(_file: object) -> None:
            steps.append(1)
            if len(steps) < 50:  # would it begin anew each time, it would never end
                store(database, 1 + len(steps))

        monkeypatch.setattr(sqlite, "end_step", end_step)
        back_up(database, tmp_path / "backup")
        assert counted(database) == len(steps) + 1 > 3
    with closing(Database(f"sqlite:///{tmp_path / 'backup'}")) as copy:
        assert counted(copy) == 1
