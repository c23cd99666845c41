"""Deliveries as people name them: by their own id, or by their event's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click

from app.errors import Se3Error
from app.store.database import Database
from app.store.outbox_tools import ids_of_events

_LARGEST = 2**63 - 1


class DeliveryName(click.ParamType["int | UUID"]):
    """The id of a delivery, a number, or of its event, as log lines name it."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "int | UUID":
        """Read a number from 1 up, or a UUID."""
        if isinstance(value, str) and value.isascii() and value.isdigit() and 1 <= int(value) <= _LARGEST:
            return int(value)
        try:
            return UUID(value)
        except ValueError:
            self.fail(f"{value!r} is neither the id of a delivery nor that of an event", param, ctx)


def delivery_ids(database: Database, names: Sequence[int | UUID]) -> tuple[int, ...]:
    """The ids of the deliveries of these names.

    Raises:
        Se3Error: an event is not there.
    """
    events = [name for name in names if isinstance(name, UUID)]
    if not events:
        return tuple(name for name in names if isinstance(name, int))
    with database.read() as connection:
        found = ids_of_events(connection, events)
    if missing := [str(event) for event in events if event not in found]:
        raise Se3Error(f"there is no event {', '.join(missing)}; `se3 events list` shows the newest")
    return tuple(found[name] if isinstance(name, UUID) else name for name in names)
