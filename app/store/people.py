"""People whom events name: found by skipping through an index from one to the next, never by counting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    ScalarSelect,
    Subquery,
    func,
    literal,
    select,
    union_all,
)

from app.domain.people import CameraUse, Person, Photo
from app.store.models import IS_KNOWN, IS_STRANGER, EventPictureRow, EventRow

FIRST_ID = UUID(int=0)
LAST_ID = UUID(int=2**128 - 1)

_KEY = (EventRow.identity_id, EventRow.id)

MOST_PEOPLE = 2_000
"""People that one page looks through for a name, so that it comes at once however few match."""

MOST_EVENTS = 1_000
"""Events of a person that are looked at for photos and cameras."""


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people, by id. `after` leads to the next page, None where there is none.

    `is_cut`: the page ends because so many were looked at, not because it is full.
    """

    people: Sequence[Person]
    after: str | None
    is_cut: bool


def find(connection: Connection, text: str, limit: int, after: str = "") -> PeoplePage:
    """The people behind the id `after` whose name or id has `text` in it; nobody who is a stranger."""
    looked_at = MOST_PEOPLE if text else limit + 1
    known = _known(connection, after, looked_at)
    found = [person for person in known if _has(person, text)]
    if len(found) > limit:
        return PeoplePage(found[:limit], found[limit - 1].identity_id, is_cut=False)
    is_cut = len(known) == looked_at
    return PeoplePage(found, known[-1].identity_id if is_cut else None, is_cut)


def get(connection: Connection, identity_id: str) -> Person | None:
    """One person, known or a stranger; None if no event names this id."""
    columns = [*_KEY, EventRow.identity_name, EventRow.group_name]
    last = connection.execute(select(newest_of(identity_id, columns, 1))).one_or_none()
    if last is None:
        return None
    ends = [connection.scalar(select(_end(identity_id, part))) for part in (IS_KNOWN, IS_STRANGER)]
    return Person(identity_id, last.identity_name, last.group_name, min(end for end in ends if end), last.id)


def photos(connection: Connection, identity_id: str) -> list[Photo]:
    """The library photos that the newest events of a person came with, the one used last first."""
    event = newest_of(identity_id, _KEY, MOST_EVENTS)
    query = (
        select(event.c.id, EventPictureRow.sha256)
        .join(EventPictureRow, EventPictureRow.event_id == event.c.id)
        .where(EventPictureRow.field == "reg_pic")
        .order_by(event.c.id.desc())
    )
    uses: dict[bytes, list[UUID]] = {}
    for event_id, sha256 in connection.execute(query):
        uses.setdefault(sha256, []).append(event_id)
    return [Photo(sha256, ids[-1], ids[0]) for sha256, ids in uses.items()]


def cameras(connection: Connection, identity_id: str) -> list[CameraUse]:
    """The cameras that sent the newest events of a person, the one that sent the last first."""
    columns = [*_KEY, EventRow.ep_id, EventRow.device_ip, EventRow.dev_sno]
    event = newest_of(identity_id, columns, MOST_EVENTS)
    uses: dict[str, list[UUID]] = {}
    for _, event_id, *names in connection.execute(select(event).order_by(event.c.id.desc())):
        if camera := next(filter(None, names), None):
            uses.setdefault(camera, []).append(event_id)
    return [CameraUse(camera, len(ids), ids[0]) for camera, ids in uses.items()]


def newest_of(
    identity_id: str, columns: Sequence[Any], limit: int, since: UUID = FIRST_ID, before: UUID = LAST_ID
) -> Subquery:
    """These columns, identity_id and id among them, of a person's newest events.

    Known people and strangers have an index each. Order and range name both columns of its key: else
    PostgreSQL, sure to meet a stranger of this id soon, goes through all events where there is none.
    """
    is_within = (
        EventRow.identity_id.between(identity_id, identity_id),
        EventRow.id >= since,
        EventRow.id < before,
    )
    of_person = select(*columns).where(*is_within)
    newest_first = of_person.order_by(*(column.desc() for column in _KEY)).limit(limit)
    parts = [select(newest_first.where(part).subquery()) for part in (IS_KNOWN, IS_STRANGER)]
    both = union_all(*parts).subquery()
    return select(both).order_by(both.c.id.desc()).limit(limit).subquery()


def _known(connection: Connection, after: str, limit: int) -> list[Person]:
    """The people behind the id `after`, by id."""
    ids = _known_ids(after, limit)
    first, last = _end(ids.c.identity_id, IS_KNOWN), _end(ids.c.identity_id, IS_KNOWN, is_last=True)
    ends = select(ids, first.label("first"), last.label("last")).subquery()
    query = (
        select(ends.c.identity_id, EventRow.identity_name, EventRow.group_name, ends.c.first, EventRow.id)
        .join(EventRow, EventRow.id == ends.c.last)
        .order_by(ends.c.number)
    )
    return [Person(*row) for row in connection.execute(query)]


def _known_ids(after: str, limit: int) -> CTE:
    """Ids, each the least behind the one before it: as many looks into the index as there are people.

    The last is NULL where there are fewer than `limit`.
    """
    ids = select(_next_id(literal(after)).label("identity_id"), literal(1).label("number")).cte(
        "ids", recursive=True
    )
    following = select(_next_id(ids.c.identity_id), ids.c.number + 1)
    return ids.union_all(following.where(ids.c.identity_id.is_not(None), ids.c.number < limit))


def _next_id(after: ColumnElement[str]) -> ScalarSelect[Any]:
    return (
        select(func.min(EventRow.identity_id)).where(IS_KNOWN, EventRow.identity_id > after).scalar_subquery()
    )


def _end(
    identity_id: str | ColumnElement[str], part: ColumnElement[bool], *, is_last: bool = False
) -> ScalarSelect[Any]:
    """The first or the last event of a person; range and order are as in `newest_of`."""
    query = select(EventRow.id).where(EventRow.identity_id.between(identity_id, identity_id), part)
    return (
        query.order_by(*(column.desc() if is_last else column for column in _KEY)).limit(1).scalar_subquery()
    )


def _has(person: Person, text: str) -> bool:
    part = text.casefold()
    return part in person.identity_id.casefold() or part in (person.name or "").casefold()
