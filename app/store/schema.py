"""Tells whether a database has this program's schema."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.config import ROOT
from app.errors import NewerSchema, NoSchema, WrongSchema
from app.store.database import Database

_MIGRATIONS: Path = ROOT / "migrations" / "versions"


def require_current(database: Database) -> None:
    """Raise unless the database has this program's schema.

    Raises:
        NoSchema: it has none.
        WrongSchema: it has an older or a newer one.
        StoreUnavailable: it can't be reached.
    """
    if database.sqlite_file and not database.sqlite_file.exists():
        raise NoSchema("there is no database yet: run se3 migrate")
    with database.read() as connection:
        found = _revision_of(connection)
    known = revisions()
    if found and found not in known:
        raise NewerSchema(f"the database has schema {found}, of a newer version: start that version instead")
    if found is None:
        raise NoSchema("the database has no tables: run se3 migrate")
    if found != known[-1]:
        raise WrongSchema(f"the database has schema {found}: run se3 migrate")


def require_usable(database: Database) -> None:
    """Raise unless this process can write: the schema is ours, or was until a newer version migrated it.

    What runs while it is migrated goes on; see docs/decisions/0022-upgrades-under-load.md.

    Raises:
        WrongSchema, StoreUnavailable: as above.
    """
    try:
        require_current(database)
    except NewerSchema:
        if not database.was_current:
            raise
    else:
        database.was_current = True


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def revisions() -> list[str]:
    """All that this program knows, the newest last: the names of the migrations' files begin with them."""
    return sorted(file.name.partition("_")[0] for file in _MIGRATIONS.glob("*.py"))
