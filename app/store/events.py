"""Events: recorded once each, with their pictures and their outbox row, and read back as they were sent."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from app import jsontext
from app.domain import pointers
from app.domain.events import FaceEvent, Kind, NewEvent, PictureUse, Recorded
from app.store import outbox, pictures
from app.store.models import EventRow
from app.store.statements import insert_missing

_COLUMNS = tuple(EventRow.__table__.columns)
_FIELDS = tuple(field.name for field in dataclasses.fields(FaceEvent))


def record(connection: Connection, new_events: Sequence[NewEvent]) -> list[Recorded]:
    """Record events with their pictures and outbox rows; an event that is there already is left alone.

    Returns one outcome for each new_event, in their order.
    """
    if not new_events:
        return []
    new = _insert(connection, new_events)
    outcomes = {s.event.id: Recorded(s.event.id, duplicate=False) for s in new_events if s.event.id in new}
    for new_event in new_events:
        if new_event.event.id not in new:
            outcomes[new_event.event.id] = _record_repeated(connection, new_event)
    return [outcomes[new_event.event.id] for new_event in new_events]


def get(connection: Connection, event_id: UUID) -> FaceEvent | None:
    """One event, or None."""
    return next(iter(get_many(connection, [event_id])), None)


def get_many(connection: Connection, event_ids: Iterable[UUID]) -> list[FaceEvent]:
    """The events with these ids, in no particular order."""
    rows = connection.execute(select(*_COLUMNS).where(EventRow.id.in_(list(event_ids))))
    return [_event(row._asdict()) for row in rows]


def latest(connection: Connection, limit: int) -> list[FaceEvent]:
    """The events that arrived last, newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(EventRow.id.desc()).limit(limit))
    return [_event(row._asdict()) for row in rows]


def document_as_sent(connection: Connection, event: FaceEvent) -> dict[str, Any]:
    """The whole body of an event, with every picture's text back in its place."""
    document = event.document
    for use in pictures.uses_of(connection, event.id):
        if use.prefix is not None:
            pointers.put(document, use.pointer, pictures.text_as_sent(use.prefix, use.picture.content))
    return document


def _insert(connection: Connection, new_events: Sequence[NewEvent]) -> set[UUID]:
    """Insert what is new, with all that belongs to it; returns the ids of these."""
    # In order, so that two transactions which add the same events can't wait for each other.
    ordered = sorted((s.event for s in new_events), key=lambda event: (event.kind, event.fingerprint))
    statement = insert_missing(connection, EventRow).returning(EventRow.id)
    new = set(connection.scalars(statement, [_values(event) for event in ordered]))
    added = [new_event for new_event in new_events if new_event.event.id in new]
    pictures.keep(connection, added)
    outbox.add(connection, [new_event.event for new_event in added])
    return new


def _record_repeated(connection: Connection, new_event: NewEvent) -> Recorded:
    """Settle whether an event with a known fingerprint is a duplicate.

    A form carries no types, so one that agrees in text is the same. Two JSON bodies with equal text that
    still differ, as in 1 and "1", are two events: the second is told apart by its exact content.
    """
    known = _find(connection, new_event.event.kind, new_event.event.fingerprint)
    if not (known.typed and new_event.event.typed) or _exact(connection, known) == _exact_sent(new_event):
        return Recorded(known.id, duplicate=True)
    content = new_event.event.fingerprint + _exact_sent(new_event).encode()
    variant = dataclasses.replace(new_event.event, fingerprint=hashlib.sha256(content).digest())
    if _insert(connection, [NewEvent(variant, new_event.pictures)]):
        return Recorded(variant.id, duplicate=False)
    return Recorded(_find(connection, variant.kind, variant.fingerprint).id, duplicate=True)


def _find(connection: Connection, kind: Kind, fingerprint: bytes) -> FaceEvent:
    query = select(*_COLUMNS).where(EventRow.kind == kind, EventRow.fingerprint == fingerprint)
    return _event(connection.execute(query).one()._asdict())


def _exact(connection: Connection, event: FaceEvent) -> str:
    return _exact_text(event.document, pictures.uses_of(connection, event.id))


def _exact_sent(new_event: NewEvent) -> str:
    return _exact_text(new_event.event.document, new_event.pictures)


def _exact_text(document: dict[str, Any], uses: Iterable[PictureUse]) -> str:
    return jsontext.canonical([document, sorted([use.pointer, use.prefix or ""] for use in uses)])


def _values(event: FaceEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _FIELDS}


def _event(values: dict[str, Any]) -> FaceEvent:
    return FaceEvent(**values | {"kind": Kind(values["kind"])})
