"""Which events go: those of strangers and of others after so many days, and the oldest for want of room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from app.config import Settings
from app.domain.delivery import DeliveryState
from app.domain.ids import least_id_at
from app.store.database import Database
from app.store.models import IS_OF_STRANGER, EventRow, OutboxRow
from app.store.people import FIRST_ID, LAST_ID
from app.store.removal import space
from app.store.removal.holds import IS_HELD

SETTLED = (DeliveryState.DELIVERED, DeliveryState.SKIPPED, DeliveryState.DROPPED)
"""The states of deliveries that need their event no longer."""

MOST_LOOKED_AT = 1000
"""Events that one look goes through."""

_GB = 10**9


@dataclass(frozen=True, slots=True)
class Rule:
    """Events that are to go: those `before` an id, of strangers or of others; None: of all."""

    before: UUID
    strangers: bool | None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Whether an event is one of them."""
        if self.strangers is None:
            kind: ColumnElement[bool] = true()
        elif self.strangers:
            kind = IS_OF_STRANGER
        else:
            kind = or_(EventRow.person_type.is_(None), ~IS_OF_STRANGER)
        return and_(kind, EventRow.id < self.before)


@dataclass(frozen=True, slots=True)
class Retention:
    """What the settings say; None: for ever, or any amount. `states`: of deliveries whose events may go."""

    known: timedelta | None
    strangers: timedelta | None
    most_bytes: int | None
    least_free_bytes: int | None
    states: tuple[DeliveryState, ...]

    @property
    def is_set(self) -> bool:
        """Whether anything is ever to go."""
        return any(
            bound is not None
            for bound in (self.known, self.strangers, self.most_bytes, self.least_free_bytes)
        )

    def rules(self, now: datetime) -> list[Rule]:
        """What is too old."""
        return [
            Rule(least_id_at(now - age), strangers)
            for age, strangers in ((self.strangers, True), (self.known, False))
            if age is not None
        ]

    def excess(self, database: Database, connection: Connection) -> int:
        """By how many bytes the store is too large."""
        found = 0
        if self.most_bytes is not None:
            found = space.used_bytes(database, connection) - self.most_bytes
        if self.least_free_bytes is not None:
            found = max(found, self.least_free_bytes - space.free_bytes(database, connection))
        return max(0, found)


@dataclass(frozen=True, slots=True)
class Due:
    """How many events are old enough to go, and of these how many stay: on hold, or not delivered yet."""

    old: int
    held: int
    undelivered: int

    @property
    def to_go(self) -> int:
        """How many of them go."""
        return self.old - self.held - self.undelivered


def retention_of(settings: Settings) -> Retention:
    """What the settings say."""
    return Retention(
        timedelta(days=settings.retention_days_known) if settings.retention_days_known else None,
        timedelta(days=settings.retention_days_strangers) if settings.retention_days_strangers else None,
        settings.retention_max_gb * _GB if settings.retention_max_gb else None,
        settings.retention_free_gb * _GB if settings.retention_free_gb else None,
        tuple(DeliveryState) if settings.retention_undelivered else SETTLED,
    )


OF_ALL = Rule(LAST_ID, None)
"""Every event: for want of room the oldest go."""


def look(
    connection: Connection, rule: Rule, states: Sequence[DeliveryState], after: UUID = FIRST_ID
) -> tuple[list[UUID], UUID | None]:
    """The events that may go among the oldest behind `after`; and behind which to look next, if anywhere."""
    oldest = select(EventRow.id).where(rule.condition, EventRow.id > after).order_by(EventRow.id)
    ids = list(connection.scalars(oldest.limit(MOST_LOOKED_AT)))
    return may_go(connection, ids, states), ids[-1] if len(ids) == MOST_LOOKED_AT else None


def may_go(connection: Connection, ids: Sequence[UUID], states: Sequence[DeliveryState]) -> list[UUID]:
    """Those of these events that nothing keeps, the oldest first."""
    query = (
        select(EventRow.id)
        .join(OutboxRow, OutboxRow.event_id == EventRow.id)
        .where(EventRow.id.in_(ids), OutboxRow.state.in_(states), ~IS_HELD)
    )
    return list(connection.scalars(query.order_by(EventRow.id)))


def due(connection: Connection, rule: Rule, states: Sequence[DeliveryState]) -> Due:
    """Count the events of a rule: of many it takes a while."""
    is_open = OutboxRow.state.not_in(states)
    numbers = (func.count(), func.count().filter(IS_HELD), func.count().filter(is_open & ~IS_HELD))
    query = select(*numbers).select_from(EventRow).join(OutboxRow, OutboxRow.event_id == EventRow.id)
    return Due(*connection.execute(query.where(rule.condition)).one())
