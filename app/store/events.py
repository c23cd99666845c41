"""Events: recorded once each, with their pictures and their outbox row, and read back as they were sent."""

import dataclasses
import hashlib
import operator
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from app import jsontext
from app.domain import pointers
from app.domain.events import FaceEvent, Kind, NewEvent, Recorded
from app.errors import Conflict
from app.store import box_hours, outbox, pictures, sightings, warnings
from app.store.driver import Insert
from app.store.models import EventRow

_COLUMNS = tuple(EventRow.__table__.columns)
_FIELDS = tuple(field.name for field in dataclasses.fields(FaceEvent))
_values = operator.attrgetter(*_FIELDS)
_INSERT_MISSING = Insert(EventRow, _FIELDS, "ON CONFLICT DO NOTHING RETURNING id")


def record(connection: Connection, new_events: Sequence[NewEvent]) -> list[Recorded]:
    """Record events with all that belongs to them; an event that is there already is left alone.

    Returns one outcome for each new event, in their order.
    """
    if not new_events:
        return []
    new_events = sightings.linked(connection, new_events)
    added = _insert(connection, new_events)
    outcomes = {event_id: Recorded(event_id, duplicate=False) for event_id in added}
    # In order, as the others: a variant is inserted too.
    for new in sorted(new_events, key=lambda new: _key(new.event)):
        if new.event.id not in outcomes:
            outcomes[new.event.id] = _record_repeated(connection, new, added)
    box_hours.count(connection, [new for new in new_events if new.event.id in added])
    return [outcomes[new.event.id] for new in new_events]


def get(connection: Connection, event_id: UUID) -> FaceEvent | None:
    """One event, or None."""
    return next(iter(get_many(connection, [event_id])), None)


def get_many(connection: Connection, event_ids: Iterable[UUID]) -> list[FaceEvent]:
    """The events with these ids, in no particular order."""
    rows = connection.execute(select(*_COLUMNS).where(EventRow.id.in_(list(event_ids))))
    return [_event(row._asdict()) for row in rows]


def latest(connection: Connection, limit: int, before: UUID | None = None) -> list[FaceEvent]:
    """The events that arrived last, newest first; with `before` only those older than this one."""
    query = select(*_COLUMNS).order_by(EventRow.id.desc()).limit(limit)
    rows = connection.execute(query.where(EventRow.id < before) if before else query)
    return [_event(row._asdict()) for row in rows]


def of_sighting(connection: Connection, sighting_id: UUID) -> list[UUID]:
    """The ids of all events of one sighting, in the order of their arrival."""
    query = select(EventRow.id).where(EventRow.sighting_id == sighting_id).order_by(EventRow.id)
    return list(connection.scalars(query))


def document_as_sent(connection: Connection, event: FaceEvent) -> dict[str, Any]:
    """The whole body of an event, with every picture's text back in its place."""
    document = event.document
    for use in pictures.uses_of(connection, event.id):
        if use.prefix is not None:
            pointers.put(document, use.pointer, pictures.text_as_sent(use.prefix, use.picture.content))
    return document


def _insert(connection: Connection, new_events: Sequence[NewEvent]) -> dict[UUID, FaceEvent]:
    """Insert what is new, with all that belongs to it; returns these events by their ids."""
    # In order, so that two transactions which add the same events can't wait for each other.
    ordered = sorted((new.event for new in new_events), key=_key)
    ids = {UUID(str(row[0])) for row in _INSERT_MISSING.returned(connection, [_values(e) for e in ordered])}
    added = [new for new in new_events if new.event.id in ids]
    pictures.keep(connection, added)
    warnings.keep(connection, added)
    outbox.add(connection, [new.event for new in added])
    return {new.event.id: new.event for new in added}


def _record_repeated(connection: Connection, new: NewEvent, added: dict[UUID, FaceEvent]) -> Recorded:
    """Settle whether an event with a known fingerprint is a duplicate.

    A form carries no types, so one that agrees in text is the same. Two JSON bodies with equal text that
    still differ, as in 1 and "1", are two events: the second is told apart by its exact content, and joins
    those `added`.
    """
    known = _find(connection, new.event.kind, new.event.fingerprint)
    if not (known.typed and new.event.typed) or _exact(connection, known) == _exact_sent(new):
        return Recorded(known.id, duplicate=True)
    content = new.event.fingerprint + _exact_sent(new).encode()
    variant = dataclasses.replace(new.event, fingerprint=hashlib.sha256(content).digest())
    if inserted := _insert(connection, [dataclasses.replace(new, event=variant)]):
        added |= inserted
        return Recorded(variant.id, duplicate=False)
    return Recorded(_find(connection, variant.kind, variant.fingerprint).id, duplicate=True)


def _find(connection: Connection, kind: Kind, fingerprint: bytes) -> FaceEvent:
    query = select(*_COLUMNS).where(EventRow.kind == kind, EventRow.fingerprint == fingerprint)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Conflict("the event that it repeats was removed meanwhile")
    return _event(row._asdict())


def _exact(connection: Connection, event: FaceEvent) -> str:
    return _exact_text(event.document, pictures.places_of(connection, event.id))


def _exact_sent(new: NewEvent) -> str:
    return _exact_text(new.event.document, [(use.pointer, use.prefix) for use in new.pictures])


def _exact_text(document: dict[str, Any], places: Iterable[tuple[str, str | None]]) -> str:
    return jsontext.canonical([document, sorted([place, prefix or ""] for place, prefix in places)])


def _key(event: FaceEvent) -> tuple[str, bytes]:
    return event.kind, event.fingerprint


def _event(values: dict[str, Any]) -> FaceEvent:
    return FaceEvent(**values | {"kind": Kind(values["kind"])})
