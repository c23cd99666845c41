"""Brings a database to this program's schema. Apart from `schema`, for Alembic takes its time to import."""

from contextlib import suppress

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from app.config import ROOT
from app.errors import WrongSchema
from app.store.database import Database
from app.store.schema import require_current, revisions


def migrate(database: Database) -> str:
    """Create or upgrade all tables; returns the revision reached.

    Raises:
        WrongSchema: the database is of a newer version.
        StoreUnavailable: it can't be reached or written, or on PostgreSQL somebody reads it for long.
    """
    with suppress(WrongSchema):  # else every start would look at all rows, though nothing is to be done
        require_current(database)
        return revisions()[-1]
    config = Config(toml_file=ROOT / "pyproject.toml")
    with database.rebuild() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise WrongSchema(f"the database can't be migrated: {error}") from None
    return revisions()[-1]
