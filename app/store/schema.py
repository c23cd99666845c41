"""Migrations: bring a database to this program's schema, and tell whether it is there."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from app.config import ROOT
from app.errors import WrongSchema
from app.store.database import Database


def migrate(database: Database) -> str:
    """Create or upgrade all tables; returns the revision reached.

    Raises:
        WrongSchema: the database is of a newer version.
        StoreUnavailable: it can't be reached or written.
    """
    config = _config()
    with database.rebuild() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise WrongSchema(f"the database can't be migrated: {error}") from None
    return expected_revision()


def expected_revision() -> str:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def require_current(database: Database) -> None:
    """Raise unless the database has this program's schema.

    Raises:
        WrongSchema: it has none, or an older or a newer one.
        StoreUnavailable: it can't be reached.
    """
    if database.sqlite_file and not database.sqlite_file.exists():
        raise WrongSchema("there is no database yet: run se3 migrate")
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    if found and found not in {script.revision for script in scripts.walk_revisions()}:
        raise WrongSchema(f"the database has schema {found}, of a newer version: start that version instead")
    if found != scripts.get_current_head():
        raise WrongSchema(f"the database has {f'schema {found}' if found else 'no tables'}: run se3 migrate")


def _config() -> Config:
    return Config(toml_file=ROOT / "pyproject.toml")
