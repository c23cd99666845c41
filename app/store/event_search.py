"""Finds events for people who look: by time, person, camera and more, a page at a time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Subquery, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.ids import least_id_at
from app.store.models import LONGEST_INDEXED, EventReviewRow, EventRow, EventWarningRow, OutboxRow
from app.store.people import FIRST_ID, LAST_ID, newest_of

MOST_LOOKED_AT = 20_000
"""Events that one page looks through, so that it comes at once however few of them match."""

MOST_OF_PERSON = 4_000
"""The same of one person's: each is fetched from elsewhere, for they do not stand together."""

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
    "source_address",
)
_NAMES = ("identity_name", "identity_id", "group_name")
_CAMERAS = ("dev_sno", "device_ip", "ep_id", "source_address")


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; None and "" leave an aspect open.

    Times are those at which an event was stored: when it came, or when it was admitted. `text` is part of a
    person's name or id, or of a group's name; `group` of a group's name alone, `camera` of a camera's or
    box's, or of the address it came from; `identity` and `at_camera` are whole ids. `unreviewed_by`: the id
    of a user who has not reviewed the event.
    """

    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    identity: str = ""
    group: str = ""
    camera: str = ""
    at_camera: str = ""
    kind: str = ""
    person_type: int | None = None
    least_score: float | None = None
    most_score: float | None = None
    state: str = ""
    has_warnings: bool = False
    unreviewed_by: int | None = None

    @property
    def is_by_person(self) -> bool:
        """Whether an index finds the events of the person."""
        return 0 < len(self.identity) <= LONGEST_INDEXED

    @property
    def matches_all(self) -> bool:
        """Whether nothing narrows it but times and a person, by which indexes find."""
        person = self.identity if self.is_by_person else ""
        return self == Search(self.since, self.until, identity=person)


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
    source_address: str
    state: str
    warnings: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first. `before` leads to the next page, None where there is none.

    `cut_at`: the page ends because so many were looked at, not because it is full; else None.
    """

    events: Sequence[EventSummary]
    before: UUID | None
    cut_at: int | None = None

    @property
    def span(self) -> str:
        """How many there are, and the first and last of them, for the audit log."""
        if not self.events:
            return "none"
        return f"{len(self.events)} from {self.events[-1].id} to {self.events[0].id}"


def find(connection: Connection, search: Search, limit: int, before: UUID | None = None) -> EventPage:
    """The newest events that match, older than `before`."""
    bounds = (
        least_id_at(search.since) if search.since else FIRST_ID,
        min(before or LAST_ID, least_id_at(search.until) if search.until else LAST_ID),
    )
    most = MOST_OF_PERSON if search.is_by_person else MOST_LOOKED_AT
    looked_at = limit + 1 if search.matches_all else most
    found = _matching(connection, _newest(_columns(), search, looked_at, *bounds), search, limit + 1)
    if len(found) > limit:
        return EventPage(found[:limit], found[limit - 1].id)
    if search.matches_all:
        return EventPage(found, None)
    ids = _newest([EventRow.identity_id, EventRow.id], search, most, *bounds)
    last = connection.scalar(select(ids.c.id).order_by(ids.c.id.desc()).offset(most - 1))
    return EventPage(found, last, None if last is None else most)


def _newest(columns: Sequence[Any], search: Search, limit: int, since: UUID, before: UUID) -> Subquery:
    """The newest events from `since` to `before`: of the person that is searched for, else of all."""
    if search.is_by_person:
        return newest_of(search.identity, columns, limit, since, before)
    query = select(*columns).where(EventRow.id >= since, EventRow.id < before)
    return query.order_by(EventRow.id.desc()).limit(limit).subquery()


def summaries(connection: Connection, event_ids: Sequence[UUID]) -> dict[UUID, EventSummary]:
    """The events with these ids, as a list shows them."""
    if not event_ids:
        return {}
    wanted = select(*_columns()).where(EventRow.id.in_(event_ids)).subquery()
    return {event.id: event for event in _matching(connection, wanted, Search(), len(event_ids))}


def _columns() -> list[InstrumentedAttribute[Any]]:
    return [getattr(EventRow, name) for name in _SUMMARY]


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
        "identity_id": None if search.is_by_person else search.identity or None,
        "kind": search.kind or None,
        "person_type": search.person_type,
    }
    conditions: list[ColumnElement[bool]] = [
        event.c[name] == value for name, value in equal.items() if value is not None
    ]
    parts = ((_NAMES, search.text), (("group_name",), search.group), (_CAMERAS, search.camera))
    for names, part in parts:
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
    if search.unreviewed_by is not None:
        is_it = (EventReviewRow.event_id == event.c.id, EventReviewRow.user_id == search.unreviewed_by)
        conditions.append(~exists().where(*is_it))
    return conditions
