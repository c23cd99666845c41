"""What the console and the API show of what is encrypted, with its key and without."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask

from app.config import Settings
from app.console.application import create_console
from app.domain.users import Role
from app.store import events, quarantine
from app.store.database import Database
from app.store.keyring import Keyring, key_id_of
from tests.console.conftest import Person
from tests.console.test_people import stranger_event
from tests.integration.test_quarantine import refusal
from tests.support.api_client import ApiClient
from tests.support.new_events import new_event

KEY = bytes(32)
KEY_ID = key_id_of(KEY).hex()
EVENT = new_event()
PICTURES = {use.picture.sha256.hex(): use.picture.content for use in EVENT.pictures}
BODY = b'{"identity_id": 1}'


@pytest.fixture
def body_id(database_url: str) -> UUID:
    """Of a refused body, beside which an event is stored: both encrypted."""
    database = Database(database_url, Keyring([KEY]))
    with database.write() as connection:
        events.record(connection, [EVENT, stranger_event(1, 3, 1)])
        [body_id] = quarantine.keep(connection, [refusal(BODY)])
    database.close()
    return body_id


@pytest.fixture
def console_with_key(database_url: str) -> Iterator[Flask]:
    app = create_console(Settings(database_url=database_url, disk_floor_mb=0, picture_keys=(KEY,)))
    yield app
    app.extensions["database"].close()


def test_with_the_key_all_is_as_it_was(
    console_with_key: Flask, add_user: Callable[..., None], database: Database, body_id: UUID
) -> None:
    add_user("otto", Role.OPERATOR)
    person, api = Person(console_with_key), ApiClient(console_with_key)
    person.begin_session(database, "otto")
    with zipfile.ZipFile(io.BytesIO(person.get("/events/export/events.zip").data)) as file:
        for digest, content in PICTURES.items():
            assert person.get(f"/pictures/{digest}").data == content
            assert api.ask("GET", f"/pictures/{digest}").data == content
            assert file.read(f"pictures/{digest}.jpg") == content
    assert json.loads(person.get(f"/events/{EVENT.event.id}/document").data)["identity_id"]
    assert person.get(f"/refused/{body_id}").status_code == 200


def test_without_the_key_each_place_says_which_one_is_missing(
    operator: Person, console: Flask, body_id: UUID
) -> None:
    api = ApiClient(console)
    digest = next(iter(PICTURES))
    picture = operator.get(f"/pictures/{digest}")
    assert (picture.status_code, picture.content_type) == (503, "image/svg+xml")
    for page in (operator.get(f"/refused/{body_id}"), operator.get(f"/events/{EVENT.event.id}/document")):
        assert page.status_code == 503
        assert f"Its key {KEY_ID} is missing" in page.text
    for path in (f"/pictures/{digest}", f"/events/{EVENT.event.id}/document", f"/quarantine/{body_id}/body"):
        problem = api.ask("GET", path)
        assert (problem.status_code, problem.content_type) == (503, "application/problem+json")
        assert f"key {KEY_ID} is missing" in problem.get_json()["detail"]
    with zipfile.ZipFile(io.BytesIO(operator.get("/events/export/events.zip").data)) as file:
        assert KEY_ID in file.read(f"pictures/{digest}.txt").decode()
    assert f"key {KEY_ID} is missing" in operator.get("/").text
    assert operator.get(f"/events/{EVENT.event.id}").status_code == 200
    assert "1 face is not compared yet" in operator.get("/strangers").text
