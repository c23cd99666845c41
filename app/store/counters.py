"""Counters: how often something has happened since the database was made."""

from sqlalchemy import Connection, select

from app.store.models import CounterRow
from app.store.statements import insert_into

QUARANTINE_DROPPED = "quarantine_dropped"
"""Refused bodies that were deleted to hold the quarantine's bounds."""


def add(connection: Connection, name: str, number: int) -> None:
    """Count `number` more."""
    statement = insert_into(connection, CounterRow).values(name=name, value=number)
    more = {"value": CounterRow.value + number}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=more))


def value(connection: Connection, name: str) -> int:
    """How many there were so far."""
    return connection.scalar(select(CounterRow.value).where(CounterRow.name == name)) or 0
