"""The overview counts and names things as the other pages do."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.store.database import Database
from app.store.spool.spool import Spool, SpoolRow
from tests.console.conftest import Person
from tests.console.test_boxes import record, report, seen, text
from tests.support.new_events import new_event


def test_figures_are_called_what_they_count(viewer: Person, database: Database) -> None:
    report(database)
    record(database, seen(1), seen(2, dev_sno="SENDS-ONLY", address="192.0.2.66"))
    page = text(viewer.get("/").text)
    assert "Refused by EnOS 0 Refused bodies 0 Boxes that report 1 " in page


def test_a_box_that_is_gone_for_good_can_be_forgotten(viewer: Person, database: Database) -> None:
    report(database, ago=3600, dev_sno="GONE")
    assert "se3 boxes forget GONE." in viewer.get("/").text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_has_waited_for_postgresql_for_long_is_told(viewer: Person, tmp_path: Path) -> None:
    file = tmp_path / "spool.db"
    with closing(Spool(file)) as spool, closing(Database(f"sqlite:///{file}")) as waiting:
        spool.put([[new_event(1)], [new_event(2)]])
        assert "wait for PostgreSQL" not in viewer.get("/").text
        with waiting.write() as connection:
            connection.execute(update(SpoolRow).values(spooled_at=datetime.now(UTC) - timedelta(minutes=3)))
    assert "2 events wait for PostgreSQL on this machine." in viewer.get("/").text
