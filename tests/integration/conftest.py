"""The receiver's app on a fresh database, without a server around it."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.config import Settings
from app.factory import create_receiver
from app.store import events
from app.store.database import Database

Post = Callable[..., Any]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, disk_floor_mb=0)


@pytest.fixture
def box(settings: Settings) -> Iterator[FlaskClient]:
    """Posts to the receiver as a box does."""
    app = create_receiver(settings)
    yield app.test_client()
    app.extensions["database"].close()


@pytest.fixture
def document_of(database: Database) -> Callable[[str], dict[str, Any]]:
    """Reads an event's document back as it was sent."""

    def read(event_id: str) -> dict[str, Any]:
        with database.read() as connection:
            event = events.get(connection, UUID(event_id))
            assert event is not None
            return events.document_as_sent(connection, event)

    return read


def with_settings(settings: Settings, **changes: Any) -> Settings:
    """The same settings, but for these."""
    return dataclasses.replace(settings, **changes)
