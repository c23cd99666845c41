"""Where a receiver's processes meet nobody else may come: what they send each other is unpickled."""

import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import StoreUnavailable
from app.store.database import Database
from app.store.writer_files import WriterFiles

URL = "postgresql+psycopg://se3:secret@gatehouse/{}"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def files_of(url: str) -> WriterFiles:
    with closing(Database(url)) as database:
        return WriterFiles(database)


def test_each_postgresql_database_has_its_own_in_a_folder_of_the_user_s(temporary: Path) -> None:
    east, north = files_of(URL.format("east")), files_of(URL.format("north"))
    assert east.socket == files_of(URL.format("east")).socket != north.socket
    (folder,) = temporary.iterdir()
    assert east.lock.parent == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "secret" not in east.socket + str(east.lock)


@pytest.mark.usefixtures("temporary")
def test_what_the_environment_says_of_postgresql_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = files_of("postgresql+psycopg:///se3").socket
    monkeypatch.setenv("PGPORT", "5433")
    assert files_of("postgresql+psycopg:///se3").socket != here


@pytest.mark.usefixtures("temporary")
def test_a_folder_that_others_may_write_to_is_refused() -> None:
    folder = files_of(URL.format("east")).lock.parent
    folder.chmod(0o777)
    with pytest.raises(StoreUnavailable, match="this user's"):
        files_of(URL.format("east"))


def test_a_link_to_another_folder_is_refused(temporary: Path) -> None:
    folder = files_of(URL.format("east")).lock.parent
    folder.rename(temporary / "elsewhere")
    folder.symlink_to(temporary / "elsewhere")
    with pytest.raises(StoreUnavailable, match="this user's"):
        files_of(URL.format("east"))
