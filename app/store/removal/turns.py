"""Whoever removes events, or has them kept, takes turns with all others who do, on all machines."""

from sqlalchemy import Connection, text

_TAKE = text("SELECT pg_advisory_xact_lock(hashtextextended('se3 removal', 0))")


def take_turn(connection: Connection) -> None:
    """Wait for one's turn, as the first of a transaction; it lasts until its end.

    Else two who each remove one of two events with the same picture would both leave it to the other, and
    a hold might be overtaken by what has looked for holds before it. SQLite has but one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE)
