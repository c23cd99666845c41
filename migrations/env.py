"""Runs the migrations on the connection that `app.store.schema` hands over, or on DATABASE_URL's."""

from alembic import context

from app.config import load_settings
from app.store.database import Database
from app.store.models import Base


def run() -> None:
    """Migrate in the caller's transaction, or in one of our own when Alembic's command calls."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        with Database(load_settings().database_url).rebuild() as connection:
            _migrate(connection)
    else:
        _migrate(connection)


def _migrate(connection: object) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata)  # type: ignore[arg-type]  # a Connection
    context.run_migrations()


run()
