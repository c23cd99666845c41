"""What lies where a backup is to be written never gets to see its faces."""

from pathlib import Path

import pytest

from app.errors import BackupError
from app.store.backups.copies import back_up
from app.store.database import Database


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
