"""The receiver's app and the commands on a fresh database, without a server around them."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.config import Settings
from app.factory import create_receiver
from app.store import events
from app.store.database import Database


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, spool_path=tmp_path / "spool.db", disk_floor_mb=0)


class BoxClient:
    """Posts to the receiver as a box does, without a server between."""

    def __init__(self, settings: Settings) -> None:
        self._app = create_receiver(settings)
        self._client = self._app.test_client()

    def post(self, path: str, data: Any = None, **options: Any) -> Any:
        """A POST; `options` are werkzeug's, such as json and headers."""
        return self._client.post(path, data=data, **options)

    def open(self, path: str, **options: Any) -> Any:
        """Any request."""
        return self._client.open(path, **options)

    def get(self, path: str) -> Any:
        """A GET."""
        return self._client.get(path)

    def close(self) -> None:
        """End the writer, then close the database's connections."""
        self._app.extensions["writer"].close()
        self._app.extensions["database"].close()


BoxFor = Callable[..., BoxClient]


@pytest.fixture
def box_for(settings: Settings) -> Iterator[BoxFor]:
    """Makes boxes whose receiver has other settings than the default ones."""
    with ExitStack() as stack:

        def make(**changes: Any) -> BoxClient:
            return stack.enter_context(closing(BoxClient(dataclasses.replace(settings, **changes))))

        yield make


@pytest.fixture
def box(box_for: BoxFor) -> BoxClient:
    """A box whose receiver has default settings."""
    return box_for()


@pytest.fixture
def document_of(database: Database) -> Callable[[str], dict[str, Any]]:
    """Reads an event's document back as it was sent."""

    def read(event_id: str) -> dict[str, Any]:
        with database.read() as connection:
            event = events.get(connection, UUID(event_id))
            assert event is not None
            return events.document_as_sent(connection, event)

    return read


@pytest.fixture
def _command_settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on the database at `database_url`."""
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg", ""))
