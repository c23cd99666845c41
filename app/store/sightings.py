"""Sightings: the events of one sighting, real-time and history, are linked as the later ones come in."""

from collections.abc import Sequence, Set
from typing import cast
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, select, update

from app.domain.events import FaceEvent, Kind
from app.domain.sightings import Moments, Trace, are_copies, moments_of
from app.store.models import EventRow

_MOST_CANDIDATES = 20  # events of one person at one moment; those of one sighting share its id: any will do
_CANDIDATES = (  # built once: that takes longer than running it
    select(EventRow.id, EventRow.sighting_id, *(getattr(EventRow, name) for name in Trace.__slots__))
    .where(
        EventRow.occurred_at.between(bindparam("first"), bindparam("last"))
        | (EventRow.occurred_at == bindparam("second_before"))
        | (EventRow.occurred_at == bindparam("second_after")),
        EventRow.identity_id == bindparam("identity_id"),
    )
    .limit(_MOST_CANDIDATES)
)


def link(connection: Connection, added: Sequence[FaceEvent]) -> None:
    """Give each of these new events, in turn, the sighting_id of an earlier copy, if there is any.

    `app.domain.sightings.are_copies` says what makes them copies, beside the same identity.
    """
    _take_turns(connection, sorted({event.identity_id for event in added}))
    later = {event.id for event in added}
    for event in added:
        if sighting_id := _sighting_of_copy(connection, event, later):
            own = update(EventRow).where(EventRow.id == event.id)
            connection.execute(own.values(sighting_id=sighting_id))
        later.remove(event.id)


def _take_turns(connection: Connection, identity_ids: list[str]) -> None:
    """Two transactions that add one copy each would not see each other's: the second waits for the first."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        for identity_id in identity_ids:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(identity_id, 0))))


def _sighting_of_copy(connection: Connection, event: FaceEvent, later: Set[UUID]) -> UUID | None:
    """The sighting_id of an earlier copy: one that is not among the `later` ones."""
    own = Trace(event.kind, event.occurred_at, event.timestamp, event.device_ip, event.ep_id)
    moments = moments_of(own)
    values = {name: getattr(moments, name) for name in Moments.__slots__}
    rows = connection.execute(_CANDIDATES, {"identity_id": event.identity_id, **values})
    for event_id, sighting_id, kind, *trace in rows:
        if event_id not in later and are_copies(own, Trace(Kind(kind), *trace)):
            return cast(UUID, sighting_id)
    return None
