"""The one clock that all machines of an installation go by."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select


def now(connection: Connection) -> datetime:
    """The present by the database's clock; SQLite has none, for all who use its file are on one machine."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    present: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return present.astimezone(UTC)
