"""What SQLite and PostgreSQL spell differently."""

from sqlalchemy import BigInteger, ColumnElement, Connection, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from app.store.models import Base, JsonText


def insert_into(connection: Connection, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """INSERT into the model's table, with the dialect's own on_conflict methods."""
    return sqlite.insert(model) if connection.dialect.name == "sqlite" else postgresql.insert(model)


def insert_missing(connection: Connection, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """INSERT … ON CONFLICT DO NOTHING: rows that are there already stay as they are."""
    return insert_into(connection, model).on_conflict_do_nothing()


def is_one_of(dialect_name: str, column: InstrumentedAttribute[int], name: str) -> ColumnElement[bool]:
    """Whether a number is in the list that is the statement's parameter `name`.

    As one parameter, so that the statement is the same for every length, and may be executed for many lists.
    """
    if dialect_name == "sqlite":
        numbers = func.json_each(bindparam(name, type_=JsonText)).table_valued("value")
        return column.in_(select(numbers.c.value))
    return column == any_(bindparam(name, type_=postgresql.ARRAY(BigInteger)))
