"""INSERT … ON CONFLICT, which SQLAlchemy spells differently for SQLite and PostgreSQL."""

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import Base


def insert_into(connection: Connection, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """INSERT into the model's table, with the dialect's own on_conflict methods."""
    return sqlite.insert(model) if connection.dialect.name == "sqlite" else postgresql.insert(model)


def insert_missing(connection: Connection, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """INSERT … ON CONFLICT DO NOTHING: rows that are there already stay as they are."""
    return insert_into(connection, model).on_conflict_do_nothing()
