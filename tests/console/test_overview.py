"""The overview counts and names things as the other pages do."""

from app.store.database import Database
from tests.console.conftest import Person
from tests.console.test_boxes import record, report, seen, text


def test_figures_are_called_what_they_count(viewer: Person, database: Database) -> None:
    report(database)
    record(database, seen(1), seen(2, dev_sno="SENDS-ONLY", address="192.0.2.66"))
    page = text(viewer.get("/").text)
    assert "Refused by EnOS 0 Refused bodies 0 Boxes that report 1 " in page


def test_a_box_that_is_gone_for_good_can_be_forgotten(viewer: Person, database: Database) -> None:
    report(database, ago=3600, dev_sno="GONE")
    assert "se3 boxes forget GONE." in viewer.get("/").text
