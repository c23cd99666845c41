"""Sightings: the real-time and the history event of one sighting are linked as the second comes in."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from app.domain.events import FaceEvent
from app.domain.sightings import CLOCK_STEP, camera_names
from app.store.models import EventRow


def link(connection: Connection, added: Sequence[FaceEvent]) -> None:
    """Give each of these new events the sighting_id of a copy of the other kind, if one is there.

    Copies have the same identity, were seen by the same camera, and occurred within a second of each other.
    """
    _take_turns(connection, sorted({event.identity_id for event in added}))
    for event in sorted(added, key=lambda event: event.id):
        sighting_id = _sighting_of_copy(connection, event)
        if sighting_id:
            own = update(EventRow).where(EventRow.id == event.id)
            connection.execute(own.values(sighting_id=sighting_id))


def _take_turns(connection: Connection, identity_ids: list[str]) -> None:
    """Two transactions that add one copy each would not see each other's: the second waits for the first."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        for identity_id in identity_ids:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(identity_id, 0))))


def _sighting_of_copy(connection: Connection, event: FaceEvent) -> UUID | None:
    query = (
        select(EventRow.sighting_id, EventRow.device_ip, EventRow.ep_id)
        .where(
            EventRow.identity_id == event.identity_id,
            EventRow.occurred_at.between(event.occurred_at - CLOCK_STEP, event.occurred_at + CLOCK_STEP),
            EventRow.kind != event.kind,
        )
        .order_by(EventRow.id)
    )
    own_names = camera_names(event.device_ip, event.ep_id)
    for sighting_id, device_ip, ep_id in connection.execute(query):
        if not own_names.isdisjoint(camera_names(device_ip, ep_id)):
            return sighting_id
    return None
