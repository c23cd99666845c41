"""Finds events for people who look: by time, person, camera and more, a page at a time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Subquery, exists, func, or_, select

from app.store.models import EventRow, EventWarningRow, OutboxRow

MOST_LOOKED_AT = 20_000
"""Events that one page looks through, so that it comes at once however few of them match."""

_SUMMARY = (
    "id",
    "kind",
    "received_at",
    "occurred_at",
    "identity_id",
    "identity_name",
    "group_name",
    "score",
    "person_type",
    "dev_sno",
    "device_ip",
    "ep_id",
)
_NAMES = ("identity_name", "identity_id", "group_name")
_CAMERAS = ("dev_sno", "device_ip", "ep_id")
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None and "" leave an aspect open.

    Times are those at which an event was stored: when it came, or when it was admitted. `text` is part of a
    person's name or id, `camera` of a camera's or box's; `identity` and `at_camera` are whole ids.
    """

    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    identity: str = ""
    camera: str = ""
    at_camera: str = ""
    kind: str = ""
    person_type: int | None = None
    least_score: float | None = None
    most_score: float | None = None
    state: str = ""
    has_warnings: bool = False

    @property
    def matches_all(self) -> bool:
        """Whether nothing but times narrows it."""
        return self == Search(self.since, self.until)


@dataclass(frozen=True, slots=True)
class EventSummary:
    """An event as a list shows it, with its delivery's state and the number of its warnings."""

    id: UUID
    kind: str
    received_at: datetime
    occurred_at: datetime
    identity_id: str
    identity_name: str | None
    group_name: str | None
    score: float | None
    person_type: int | None
    dev_sno: str | None
    device_ip: str | None
    ep_id: str | None
    state: str
    warnings: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first. `before` leads to the next page, None where there is none.

    `is_cut`: the page ends because so many were looked at, not because it is full.
    """

    events: Sequence[EventSummary]
    before: UUID | None
    is_cut: bool

    @property
    def span(self) -> str:
        """How many there are, and the first and last of them, for the audit log."""
        if not self.events:
            return "none"
        return f"{len(self.events)} from {self.events[-1].id} to {self.events[0].id}"


def find(connection: Connection, search: Search, limit: int, before: UUID | None = None) -> EventPage:
    """The newest events that match, older than `before`."""
    bounds = [EventRow.id < min(before or _LAST, _id_at(search.until) if search.until else _LAST)]
    if search.since:
        bounds.append(EventRow.id >= _id_at(search.since))
    columns = [getattr(EventRow, name) for name in _SUMMARY]
    looked_at = limit + 1 if search.matches_all else MOST_LOOKED_AT
    newest = select(*columns).where(*bounds).order_by(EventRow.id.desc()).limit(looked_at)
    found = _matching(connection, newest.subquery(), search, limit + 1)
    if len(found) > limit:
        return EventPage(found[:limit], found[limit - 1].id, is_cut=False)
    if search.matches_all:
        return EventPage(found, None, is_cut=False)
    ids = select(EventRow.id).where(*bounds).order_by(EventRow.id.desc())
    last = connection.scalar(ids.offset(MOST_LOOKED_AT - 1).limit(1))
    return EventPage(found, last, is_cut=last is not None)


def _matching(connection: Connection, event: Subquery, search: Search, limit: int) -> list[EventSummary]:
    warnings = (
        select(func.count()).where(EventWarningRow.event_id == event.c.id).correlate(event).scalar_subquery()
    )
    query = (
        select(event, OutboxRow.state, warnings)
        .join(OutboxRow, OutboxRow.event_id == event.c.id)
        .where(*_conditions(event, search))
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    return [EventSummary(*row) for row in connection.execute(query)]


def _conditions(event: Subquery, search: Search) -> list[ColumnElement[bool]]:
    equal = {
        "kind": search.kind or None,
        "identity_id": search.identity or None,
        "person_type": search.person_type,
    }
    conditions: list[ColumnElement[bool]] = [
        event.c[name] == value for name, value in equal.items() if value is not None
    ]
    for names, part in ((_NAMES, search.text), (_CAMERAS, search.camera)):
        if part:
            conditions.append(or_(*(event.c[name].icontains(part, autoescape=True) for name in names)))
    if search.at_camera:
        conditions.append(or_(*(event.c[name] == search.at_camera for name in _CAMERAS)))
    if search.least_score is not None:
        conditions.append(event.c.score >= search.least_score)
    if search.most_score is not None:
        conditions.append(event.c.score <= search.most_score)
    if search.state:
        conditions.append(OutboxRow.state == search.state)
    if search.has_warnings:
        conditions.append(exists().where(EventWarningRow.event_id == event.c.id))
    return conditions


def _id_at(instant: datetime) -> UUID:
    """The least id that an event may have which arrives then: ids begin with milliseconds (RFC 9562)."""
    return UUID(int=max(0, int(instant.timestamp() * 1000)) << 80)
