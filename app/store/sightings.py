"""Sightings: the events of one sighting, real-time and history, are linked as the later ones come in."""

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Dialect

from app.domain.events import FaceEvent, Kind, NewEvent
from app.domain.sightings import Moments, Trace, are_copies, moments_of
from app.store.driver import from_driver, marker, rows_of, run, slices, to_driver
from app.store.models import EventRow

_FOUND = ("identity_id", "sighting_id", *Trace.__slots__)
_MOST_CANDIDATES = 20  # events of one person at one moment; those of one sighting share its id: any will do
_CANDIDATES = """\
SELECT * FROM (
    SELECT {columns} FROM events
    WHERE (occurred_at BETWEEN {marker} AND {marker} OR occurred_at = {marker} OR occurred_at = {marker})
    AND identity_id = {marker}
    LIMIT {limit}
) AS candidates"""
_TAKE_TURNS = """\
SELECT pg_advisory_xact_lock(turn) FROM (
    SELECT DISTINCT hashtextextended(identity_id, 0) AS turn
    FROM unnest(%s::text[]) AS identity_id ORDER BY turn
) AS turns"""


def linked(connection: Connection, new_events: Sequence[NewEvent]) -> list[NewEvent]:
    """These events, each with the sighting_id of a copy that is stored or comes before it, if there is any.

    `app.domain.sightings.are_copies` says what makes them copies, beside the same identity.
    """
    _take_turns(connection, [new.event.identity_id for new in new_events])
    earlier = _candidates(connection, [new.event for new in new_events])
    return [_linked(new, earlier[new.event.identity_id]) for new in new_events]


def _linked(new: NewEvent, earlier: list[tuple[Trace, UUID]]) -> NewEvent:
    """The event, which then joins the `earlier` ones of its person."""
    event, own = new.event, _trace(new.event)
    sighting_id = next((found for trace, found in earlier if are_copies(own, trace)), event.sighting_id)
    earlier.append((own, sighting_id))
    if sighting_id == event.sighting_id:
        return new
    return dataclasses.replace(new, event=dataclasses.replace(event, sighting_id=sighting_id))


def _take_turns(connection: Connection, identity_ids: list[str]) -> None:
    """Two transactions that add one copy each would not see each other's: the second waits for the first."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        run(connection, _TAKE_TURNS, (identity_ids,))


def _candidates(connection: Connection, events: Sequence[FaceEvent]) -> dict[str, list[tuple[Trace, UUID]]]:
    """Stored events that may be copies of these, by identity, with their sighting_ids."""
    found: dict[str, list[tuple[Trace, UUID]]] = defaultdict(list)
    convert = from_driver(EventRow, _FOUND, connection.dialect)
    for some in slices(events):
        values = [value for event in some for value in _where(event, connection.dialect)]
        for row in rows_of(connection, _query(connection.dialect, len(some)), values):
            identity_id, sighting_id, kind, *trace = convert(row)
            found[identity_id].append((Trace(Kind(kind), *trace), sighting_id))
    return found


def _where(event: FaceEvent, dialect: Dialect) -> Iterator[Any]:
    moments = moments_of(_trace(event))
    convert = to_driver(EventRow, ("occurred_at",) * len(Moments.__slots__), dialect)
    yield from convert([getattr(moments, name) for name in Moments.__slots__])
    yield event.identity_id


@functools.cache
def _query(dialect: Dialect, number: int) -> str:
    names = ", ".join(dialect.identifier_preparer.quote(name) for name in _FOUND)
    one = _CANDIDATES.format(columns=names, marker=marker(dialect), limit=_MOST_CANDIDATES)
    return " UNION ALL ".join([one] * number)


def _trace(event: FaceEvent) -> Trace:
    return Trace(event.kind, event.occurred_at, event.timestamp, event.device_ip, event.ep_id)
