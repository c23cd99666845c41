"""Why deliveries stopped: the newest of a state, put together by what EnOS, or the mapping, said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from app.domain.delivery import DeliveryState
from app.store.models import OutboxRow
from app.store.states import is_in

MOST_LOOKED_AT = 20_000
"""Deliveries of a state that are looked at, and changed by one action: however many stopped, it ends soon."""

MOST_CAUSES = 30


class Cause(NamedTuple):
    """What EnOS, or the mapping, said; without a code it was the mapping, or a person."""

    code: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Deliveries that stopped for one cause, and between which times. `oldest` and `newest` are events."""

    cause: Cause
    number: int
    first_at: datetime
    last_at: datetime
    oldest: UUID
    newest: UUID


@dataclass(frozen=True, slots=True)
class Causes:
    """The MOST_CAUSES causes of which there are most; `number` deliveries were looked at.

    `is_cut`: there may be more, which are older.
    """

    stopped: Sequence[Stopped]
    number: int

    @property
    def is_cut(self) -> bool:
        """Whether so many were looked at that there may be more."""
        return self.number == MOST_LOOKED_AT

    @property
    def others(self) -> int:
        """How many of those looked at have another cause than these."""
        return self.number - sum(one.number for one in self.stopped)


def causes(connection: Connection, state: DeliveryState) -> Causes:
    """Why the newest deliveries that are parked, skipped or dropped are so."""
    newest = _newest(state).subquery()
    row = newest.c
    query = (
        select(
            *(row.code, row.reason, func.count().label("number")),
            *(func.min(row.settled_at), func.max(row.settled_at), func.min(row.id), func.max(row.id)),
            func.sum(func.count()).over(),  # of all causes, whatever the limit
        )
        .group_by(row.code, row.reason)
        .order_by(func.count().desc(), func.max(row.id).desc())
        .limit(MOST_CAUSES)
    )
    found = connection.execute(query).all()
    events = _events(connection, {outbox_id for row in found for outbox_id in row[5:7]})
    stopped = [
        Stopped(Cause(code, reason), number, first, last, events[oldest], events[newest])
        for code, reason, number, first, last, oldest, newest, _ in found
    ]
    return Causes(stopped, int(found[0][-1]) if found else 0)


def of_cause(connection: Connection, state: DeliveryState, cause: Cause) -> list[int]:
    """The ids of those that `causes` counts for a cause, in their order."""
    row = _newest(state).subquery().c
    same = row.code.is_not_distinct_from(cause.code) & row.reason.is_not_distinct_from(cause.reason)
    return list(connection.scalars(select(row.id).where(same).order_by(row.id)))


def _newest(state: DeliveryState) -> Select[int, int | None, str | None, datetime | None]:
    columns = (OutboxRow.id, OutboxRow.code, OutboxRow.reason, OutboxRow.settled_at)
    return select(*columns).where(is_in(state)).order_by(OutboxRow.id.desc()).limit(MOST_LOOKED_AT)


def _events(connection: Connection, outbox_ids: set[int]) -> dict[int, UUID]:
    query = select(OutboxRow.id, OutboxRow.event_id).where(OutboxRow.id.in_(outbox_ids))
    return {outbox_id: event_id for outbox_id, event_id in connection.execute(query)}  # noqa: C416 - rows
