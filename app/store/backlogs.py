"""How much waits for each channel, and since when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.domain.delivery import DeliveryState
from app.domain.ids import made_at
from app.store import outbox
from app.store.models import OutboxRow
from app.store.states import is_in

MOST_COUNTED = 100_000  # of a channel and state: a page must come at once after days without EnOS

_WAITING = (DeliveryState.PENDING, DeliveryState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that wait for a channel, "" for those that have none yet, or are on their way.

    `is_cut`: there are more. `oldest_at`: when the event of the one with the least id was stored.
    """

    channel: str
    number: int
    is_cut: bool
    oldest_at: datetime


def backlogs(connection: Connection) -> list[Backlog]:
    """What waits, by channel."""
    names = sorted({name for state in _WAITING for name in outbox.channels_of(connection, is_in(state))})
    return [_backlog(connection, name) for name in names]


def _backlog(connection: Connection, channel: str) -> Backlog:
    found = [_count(connection, channel, state) for state in _WAITING]
    oldest = min(outbox_id for _, outbox_id in found if outbox_id is not None)
    event_id = connection.scalars(select(OutboxRow.event_id).where(OutboxRow.id == oldest)).one()
    numbers = [number for number, _ in found]
    return Backlog(channel, sum(numbers), MOST_COUNTED in numbers, made_at(event_id))


def _count(connection: Connection, channel: str, state: DeliveryState) -> tuple[int, int | None]:
    """How many, MOST_COUNTED at most, and the least of their ids."""
    some = (
        select(OutboxRow.id)
        .where(is_in(state), OutboxRow.channel == channel)
        .order_by(*((OutboxRow.due_at,) if state is DeliveryState.PENDING else ()), OutboxRow.id)
        .limit(MOST_COUNTED)
        .subquery()
    )
    number, oldest = connection.execute(select(func.count(), func.min(some.c.id)).select_from(some)).one()
    return number, oldest
