"""Finds refused bodies for people who look: by status and kind of fault, a page at a time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Text, and_, func, or_, select, type_coerce

from app import jsontext
from app.domain.refusals import FaultKind, Quarantined, kind_of_fault
from app.store import quarantine
from app.store.models import QuarantineRow

MOST_LOOKED_AT = 5_000
"""Bodies that one page looks through, so that it comes at once however few of them match."""

_CURSOR_TIME = "%Y%m%dT%H%M%S.%f"
_PROBLEMS = type_coerce(QuarantineRow.problems, Text).label("problems")  # as text, which is compared sooner
_FAULT = (QuarantineRow.status, QuarantineRow.route, _PROBLEMS)
_NEWEST = (QuarantineRow.last_received_at.desc(), QuarantineRow.id.desc())


class Cursor(NamedTuple):
    """A place in the list: behind the body that came last at this time."""

    last_received_at: datetime
    id: UUID

    def __str__(self) -> str:
        """As an address carries it."""
        return f"{self.last_received_at:{_CURSOR_TIME}}_{self.id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` made.

        Raises:
            ValueError: it is something else.
        """
        time, _, quarantine_id = text.partition("_")
        return cls(datetime.strptime(time, _CURSOR_TIME).replace(tzinfo=UTC), UUID(quarantine_id))


@dataclass(frozen=True, slots=True)
class RefusedSearch:
    """What to look for: an HTTP status and the key of a kind of fault; None and "" leave it open."""

    status: int | None = None
    fault: str = ""

    @property
    def matches_all(self) -> bool:
        """Whether nothing narrows it."""
        return self == RefusedSearch()


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Some refused bodies, the one that came last first.

    `before` leads to the next page, None where there is none. `is_cut`: the page ends
    because so many were looked at, not because it is full.
    """

    bodies: Sequence[Quarantined]
    before: Cursor | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How many bodies have a kind of fault, and the status they were refused with."""

    kind: FaultKind
    status: int
    bodies: int


class IdsToGo(NamedTuple):
    """Some ids of bodies, in their order. `after` leads to those behind them, None: there are none."""

    ids: list[UUID]
    after: UUID | None


def find(
    connection: Connection, search: RefusedSearch, limit: int, before: Cursor | None = None
) -> RefusedPage:
    """The bodies that match and came last, but before `before`."""
    most = limit + 1 if search.matches_all else MOST_LOOKED_AT
    query = select(QuarantineRow.id, *_FAULT).order_by(*_NEWEST).limit(most)
    looked_at = connection.execute(query.where(_is_older(before)) if before else query).all()
    found = _matching(looked_at, search)
    if len(found) > limit:
        bodies = _bodies(connection, found[:limit])
        return RefusedPage(bodies, _behind(bodies[-1]), is_cut=False)
    is_cut = len(looked_at) == MOST_LOOKED_AT and not search.matches_all
    last = _behind(*_bodies(connection, [looked_at[-1].id])) if is_cut else None
    return RefusedPage(_bodies(connection, found), last, is_cut)


def fault_counts(connection: Connection) -> list[FaultCount]:
    """The kinds of fault of the newest bodies, of as many as are looked at; the most frequent first."""
    newest = select(*_FAULT).order_by(*_NEWEST).limit(MOST_LOOKED_AT).subquery()
    counts: dict[FaultKind, FaultCount] = {}
    columns = (newest.c.status, newest.c.route, newest.c.problems)
    for status, route, problems, bodies in connection.execute(
        select(*columns, func.count()).group_by(*columns)
    ):
        kind = kind_of_fault(status, route, jsontext.parse(problems))
        before = counts[kind].bodies if kind in counts else 0
        counts[kind] = FaultCount(kind, status, before + bodies)
    return sorted(counts.values(), key=lambda count: (-count.bodies, count.status, count.kind.reasons))


def ids_to_go(connection: Connection, search: RefusedSearch, after: UUID | None = None) -> IdsToGo:
    """The ids of bodies that match among those behind `after`, of as many as are looked at."""
    query = select(QuarantineRow.id, *_FAULT).order_by(QuarantineRow.id).limit(MOST_LOOKED_AT)
    rows = connection.execute(query.where(QuarantineRow.id > after) if after else query).all()
    return IdsToGo(_matching(rows, search), rows[-1].id if len(rows) == MOST_LOOKED_AT else None)


def _is_older(before: Cursor) -> ColumnElement[bool]:
    at, quarantine_id = before
    came_then = and_(QuarantineRow.last_received_at == at, QuarantineRow.id < quarantine_id)
    return and_(  # the first is implied by the rest; by it the index is used
        QuarantineRow.last_received_at <= at, or_(QuarantineRow.last_received_at < at, came_then)
    )


def _matching(looked_at: Sequence[Row[UUID, int, str, str]], search: RefusedSearch) -> list[UUID]:
    """The ids of those that match. Most have one of few faults, so each of these is looked at once."""
    known: dict[tuple[int, str, str], bool] = {}
    found = []
    for quarantine_id, status, route, problems in looked_at:
        fault = (status, route, problems)
        if fault not in known:
            known[fault] = _matches(search, *fault)
        if known[fault]:
            found.append(quarantine_id)
    return found


def _matches(search: RefusedSearch, status: int, route: str, problems: str) -> bool:
    if search.status not in (None, status):
        return False
    return not search.fault or kind_of_fault(status, route, jsontext.parse(problems)).key == search.fault


def _behind(body: Quarantined) -> Cursor:
    return Cursor(body.last_received_at, body.id)


def _bodies(connection: Connection, ids: Sequence[UUID]) -> list[Quarantined]:
    bodies = quarantine.get_many(connection, ids)
    return [bodies[quarantine_id] for quarantine_id in ids]
