"""Has a person forgotten, and refuses bodies that may name one."""

from contextlib import closing
from typing import Any
from uuid import UUID

from click.testing import CliRunner

from app.cli.main import se3
from app.config import Settings
from app.domain.events import Arrival
from app.domain.refusals import Refusal
from app.domain.users import Actor
from app.people.forgetting import forget
from app.store import quarantine
from app.store.database import Database
from app.store.keyring import Keyring
from tests.support.new_events import RECEIVED_AT

ANNA = Actor("anna", "192.0.2.8")


def forgotten(database: Database, person: str, **changes: Any) -> Any:
    """What ANNA is told when she has a person forgotten, with as much time as it takes."""
    return forget(database, Settings(database_url=database.url.render_as_string(), **changes), person, ANNA)


def se3_person(*arguments: str) -> Any:
    """How `se3 person` ends on the database that DATABASE_URL names."""
    return CliRunner().invoke(se3, ["person", *arguments])


def refuse(database: Database, body: bytes, content_type: str = "application/json") -> UUID:
    """Keep a refused body; gives its id."""
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    with database.write() as connection:
        [found] = quarantine.keep(
            connection, [Refusal(arrival, "POST", content_type, 422, "refused", [], body)]
        )
    return found


def refuse_unreadable(database: Database) -> UUID:
    """A refused body of somebody else, whose key is missing afterwards."""
    with closing(Database(database.url.render_as_string(hide_password=False), Keyring([bytes(32)]))) as other:
        return refuse(other, b'{"identity_id":"B"}')
