"""All that events hold of one person, and its removal."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select, union_all

from app.domain.delivery import DeliveryState
from app.errors import Conflict
from app.store import counters
from app.store.database import Database
from app.store.models import IS_KNOWN, IS_STRANGER, LONGEST_INDEXED, EventPictureRow, EventRow, OutboxRow
from app.store.removal import holds
from app.store.removal.slices import SLICE, Removed, remove
from app.store.removal.turns import take_turn
from app.store.states import is_in

_OPEN = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.PARKED)
_REST_SECONDS = 0.02  # between slices, at least: receiver and forwarder get their turns
_MOST_VAIN = 100  # slices in which others hold all that is left


@dataclass(frozen=True, slots=True)
class Holding:
    """How much there is of a person. `undelivered`: events of theirs that EnOS has not got.

    `shared`: those of the pictures that other people's events show too; these stay.
    """

    events: int
    undelivered: int
    pictures: int
    shared: int


def held_of(connection: Connection, identity_id: str) -> Holding:
    """Count what the events of a person hold."""
    ids = _events_of(identity_id).subquery()
    theirs = select(EventPictureRow.sha256).where(EventPictureRow.event_id.in_(select(ids.c.id))).distinct()
    others = select(EventPictureRow.sha256).where(
        EventPictureRow.sha256.in_(theirs), EventPictureRow.event_id.not_in(select(ids.c.id))
    )
    open_ones = select(OutboxRow.id).where(OutboxRow.event_id.in_(select(ids.c.id)), is_in(*_OPEN))
    queries = (
        select(func.count()).select_from(ids),
        select(func.count()).select_from(open_ones.subquery()),
        select(func.count()).select_from(theirs.subquery()),
        select(func.count()).select_from(others.distinct().subquery()),
    )
    return Holding(*(connection.scalar(query) or 0 for query in queries))


def has_events(connection: Connection, identity_id: str) -> bool:
    """Whether any event names this person."""
    return connection.scalar(_events_of(identity_id).limit(1)) is not None


def names_of(connection: Connection, identity_id: str) -> set[str]:
    """Every name that events give this person."""
    ids = _events_of(identity_id).subquery()
    query = select(EventRow.identity_name).where(EventRow.id.in_(select(ids.c.id))).distinct()
    return {name for name in connection.scalars(query) if name}


def remove_events_of(database: Database, identity_id: str) -> Iterator[Removed]:
    """Remove a person's events a slice at a time; gives what each removed.

    Raises:
        OnHold: the person is on hold.
        StoreUnavailable: the database can't be used, or others hold what is left. What was removed stays so.
    """
    left: frozenset[bytes] = frozenset()
    vain = 0
    while vain < _MOST_VAIN:
        began = time.monotonic()
        with database.write() as connection:
            take_turn(connection)
            holds.require_none(connection, identity_id)
            ids = list(connection.scalars(_events_of(identity_id).limit(SLICE)))
            removed = remove(connection, ids, counters.FORGOTTEN, left=left)
        left = removed.left
        if not ids and not left:
            return
        vain = 0 if removed.events else vain + 1
        yield removed
        time.sleep(max(_REST_SECONDS, time.monotonic() - began))
    raise Conflict("others hold what is left of this person; try again")


def _events_of(identity_id: str) -> Select[UUID]:
    """The ids of a person's events: by the two indexes that know people, but for ids that are too long."""
    of_person = select(EventRow.id).where(EventRow.identity_id == identity_id)
    if len(identity_id) > LONGEST_INDEXED:
        return of_person
    both: Any = union_all(of_person.where(IS_KNOWN), of_person.where(IS_STRANGER)).subquery()
    return select(both.c.id)
