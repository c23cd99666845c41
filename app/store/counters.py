"""Counters: how often something has happened since the database was made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.domain.delivery import DeliveryState
from app.store.models import CounterRow
from app.store.statements import insert_into

QUARANTINE_DROPPED = "quarantine_dropped"
"""Refused bodies that were deleted to hold the quarantine's bounds."""

REPLIES_LATE = "replies_late"
"""Replies to boxes that came later than these wait for them."""

TURNED_AWAY = "turned_away"
"""Requests of boxes that were not read, because too many others waited."""

FORGOTTEN = "events_forgotten"
"""Events that were removed with the person whom they show."""

EXPIRED = "events_expired"
"""Events that were removed because they were too old, or the database too large."""

COUNTED_STATES = (DeliveryState.DELIVERED, DeliveryState.SKIPPED)
"""Of these states there may be millions of deliveries: each change of one is counted as it is made."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something has happened that is to be counted."""

    name: str
    number: int


def add(connection: Connection, name: str, number: int) -> None:
    """Count `number` more."""
    statement = insert_into(connection, CounterRow).values(name=name, value=number)
    more = {"value": CounterRow.value + number}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=more))


def tally(connection: Connection, tallies: Sequence[Tally]) -> Sequence[None]:
    """Count all of them; returns None for each.

    In order, so that two transactions can't wait for each other.
    """
    numbers: Counter[str] = Counter()
    for one in tallies:
        numbers[one.name] += one.number
    for name in sorted(numbers):
        add(connection, name, numbers[name])
    return [None] * len(tallies)


def value(connection: Connection, name: str) -> int:
    """How many there were so far."""
    return connection.scalar(select(CounterRow.value).where(CounterRow.name == name)) or 0


def add_deliveries(connection: Connection, numbers: Mapping[DeliveryState, int]) -> None:
    """Count so many more deliveries in each of these states; fewer, where a number is negative.

    To be the last of a transaction: two would wait for each other here otherwise.
    """
    for state in COUNTED_STATES:
        if number := numbers.get(state):
            add(connection, _name(state), number)


def deliveries(connection: Connection, state: DeliveryState) -> int:
    """How many deliveries are in one of COUNTED_STATES."""
    return value(connection, _name(state))


def _name(state: DeliveryState) -> str:
    return f"deliveries_{state}"
