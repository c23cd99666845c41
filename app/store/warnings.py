"""Warnings: what was odd about events, and how often at which box."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select

from app.domain.events import NewEvent
from app.domain.warnings import EventWarning, WarningCode
from app.store.driver import Insert
from app.store.models import EventRow, EventWarningRow

_INSERT = Insert(EventWarningRow, ("event_id", "position", "code", "pointer", "detail"))


@dataclass(frozen=True, slots=True)
class WarningCount:
    """How many events of a box had a kind of oddity, and when the last of them came.

    `box` is its licence code, or else the address that its events have in them, or else came from.
    """

    box: str
    code: str
    events: int
    last_received_at: datetime


def keep(connection: Connection, added: Sequence[NewEvent]) -> None:
    """Store the warnings of new events."""
    rows = [
        (new.event.id, position, warning.code.value, warning.pointer, warning.detail)
        for new in added
        for position, warning in enumerate(new.warnings)
    ]
    _INSERT.execute(connection, rows)


def warnings_of(connection: Connection, event_id: UUID) -> list[EventWarning]:
    """An event's warnings."""
    rows = connection.execute(
        select(EventWarningRow.code, EventWarningRow.pointer, EventWarningRow.detail)
        .where(EventWarningRow.event_id == event_id)
        .order_by(EventWarningRow.position)
    )
    return [EventWarning(WarningCode(code), place, detail) for code, place, detail in rows]


def counted(connection: Connection) -> list[WarningCount]:
    """Every box's warnings, counted by kind; the box with the latest first."""
    box = func.coalesce(func.nullif(EventRow.dev_sno, ""), EventRow.device_ip, EventRow.source_address)
    events, last = func.count(EventRow.id.distinct()), func.max(EventRow.received_at)
    query = (
        select(box, EventWarningRow.code, events, last)
        .join(EventRow, EventRow.id == EventWarningRow.event_id)
        .group_by(box, EventWarningRow.code)
        .order_by(last.desc(), box, EventWarningRow.code)
    )
    return [WarningCount(*row) for row in connection.execute(query)]
