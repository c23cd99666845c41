"""People whom events name, and everything that a database holds."""

from typing import Any
from uuid import UUID

import pybase64
from sqlalchemy import select

from app.domain.events import NewEvent
from app.store import events
from app.store.database import Database
from app.store.models import Base
from tests.support.new_events import new_event

Rows = dict[str, list[dict[str, Any]]]


def jpeg(mark: object, size: int = 300) -> bytes:
    """A picture of its own, as far as the receiver looks into it."""
    return (b"\xff\xd8\xff\xe0" + str(mark).encode()).ljust(size, b".")


def event_of(
    person: str, number: int = 0, *, name: str = "", spot: object = None, **changes: Any
) -> NewEvent:
    """An event of a person with a library photo that all of their events have, and a spot picture."""
    photo = pybase64.b64encode(jpeg(f"photo of {person}")).decode()
    spotted = pybase64.b64encode(jpeg(f"{person} {number}" if spot is None else spot)).decode()
    sample = {"device_ip": "192.168.1.25", "ep_id": "AKOPKKKKK__192.168.1.25", "dev_sno": "AKOPKKKKK"}
    return new_event(
        number,
        identity_id=person,
        identity_name=name or f"Name of {person}",
        reg_pic=photo,
        ext_data=sample | {"person_type": 1, "spot_pic": spotted} | changes,
    )


def store(database: Database, *new: NewEvent) -> list[UUID]:
    """Record events; gives their ids."""
    with database.write() as connection:
        return [recorded.id for recorded in events.record(connection, new)]


def rows(database: Database) -> Rows:
    """Every row of every table."""
    with database.read() as connection:
        return {
            table.name: [
                row._asdict() for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }
