"""Migrations: bring a database to this program's schema, and tell whether it is there."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.config import ROOT
from app.errors import StoreUnavailable
from app.store.database import Database


def migrate(database: Database) -> str:
    """Create or upgrade all tables; returns the revision reached.

    Raises:
        StoreUnavailable: the database can't be reached or written.
    """
    config = _config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreUnavailable(
                f"the database is not of this program's version, or newer: {error}"
            ) from None
    return expected_revision()


def expected_revision() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def require_current(database: Database) -> None:
    """Raise unless the database has this program's schema.

    Raises:
        StoreUnavailable: it can't be reached, or its schema is older or newer.
    """
    if database.sqlite_file and not database.sqlite_file.exists():
        raise StoreUnavailable(f"there is no database {database.sqlite_file} yet: run se3 migrate")
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    needed = expected_revision()
    if found != needed:
        raise StoreUnavailable(f"the database has schema {found} instead of {needed}: run se3 migrate")


def _config() -> Config:
    return Config(toml_file=ROOT / "pyproject.toml")
