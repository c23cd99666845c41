"""All there is of a person is handed over in a file, and nothing of the others."""

import json
import zipfile
from pathlib import Path

import pytest

from app.store import audit
from app.store.database import Database
from tests.support.forgetting import refuse, se3_person
from tests.support.people import event_of, store


@pytest.mark.usefixtures("_command_settings")
def test_all_there_is_of_a_person_is_handed_over(database: Database, tmp_path: Path) -> None:
    theirs = [event_of("A", number, odd=number) for number in range(120)]
    store(database, *theirs, event_of("B", 999))
    body = b'{"identity_id":"A","score":'
    refused = refuse(database, body)
    file = tmp_path / "a.zip"
    assert se3_person("export", "A", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        lines = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        assert {line["id"] for line in lines} == {str(new.event.id) for new in theirs}
        assert sorted(line["document"]["ext_data"]["odd"] for line in lines) == list(range(120))
        shown = {use.picture.sha256.hex(): use.picture.content for new in theirs for use in new.pictures}
        pictured = [name for name in archive.namelist() if name.startswith("pictures/")]
        assert {name: archive.read(name) for name in pictured} == {
            f"pictures/{sha256}.jpg": content for sha256, content in shown.items()
        }
        assert archive.read(f"refused/{refused}") == body
    assert "exists" in str(se3_person("export", "A", str(file)).exception)
    with database.read() as connection:
        [entry] = audit.latest(connection, 5)
    assert (entry.action, entry.subject) == ("person_exported", "A, 120 events, 1 refused bodies")


@pytest.mark.usefixtures("_command_settings")
def test_nothing_of_nobody_is_handed_over(database: Database, tmp_path: Path) -> None:
    store(database, event_of("B", 1))
    assert str(se3_person("export", "A", str(tmp_path / "a.zip")).exception) == "there is nothing of A"
    assert list(tmp_path.glob("a.zip*")) == []
