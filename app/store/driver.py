"""Statements as the driver takes them, for the way of every event: SQLAlchemy would build each anew."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from app.store.models import Base

_MOST_ROWS = 64  # of a statement; each number of rows is a statement of its own

Convert = Callable[[Any], Any]
DriverRow = Sequence[Any]


class Insert:
    """INSERT of many rows at once into some columns of a table."""

    def __init__(self, model: type[Base], columns: Sequence[str], ending: str = "") -> None:
        """`columns`: in the order in which rows hold their values. `ending` follows the rows."""
        self._model = model
        self._columns = columns
        self._ending = ending

    def execute(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows."""
        self.number(connection, rows)

    def number(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> int:
        """Insert the rows; returns how many the ending let in."""
        return sum(run(connection, *one) for one in self._statements(connection, rows))

    def returned(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> list[DriverRow]:
        """Insert the rows; returns what the ending's RETURNING gives."""
        return [row for one in self._statements(connection, rows) for row in rows_of(connection, *one)]

    def _statements(
        self, connection: Connection, rows: Sequence[Sequence[Any]]
    ) -> Iterator[tuple[str, list[Any]]]:
        convert = to_driver(self._model, tuple(self._columns), connection.dialect)
        for some in slices(rows):
            values = [value for row in some for value in convert(row)]
            yield self._statement(connection.dialect, len(some)), values

    @functools.cache  # noqa: B019 - each is a global
    def _statement(self, dialect: Dialect, number: int) -> str:
        row = f"({', '.join([marker(dialect)] * len(self._columns))})"
        names = ", ".join(dialect.identifier_preparer.quote(name) for name in self._columns)
        rows = ", ".join([row] * number)
        return f"INSERT INTO {self._model.__tablename__} ({names}) VALUES {rows} {self._ending}"  # noqa: S608 - our own names


def run(connection: Connection, statement: str, values: Sequence[Any]) -> int:
    """Execute a statement of the driver's; returns how many rows it was about.

    SQLAlchemy would take longer for what is around it than SQLite does for the statement.

    Raises:
        DBAPIError: the database refuses it, or is away.
    """
    with _executed(connection, statement, values) as cursor:
        number: int = cursor.rowcount
    return number


def rows_of(connection: Connection, statement: str, values: Sequence[Any]) -> list[DriverRow]:
    """Execute a query of the driver's, as above; returns its rows.

    Raises:
        DBAPIError: as above.
    """
    with _executed(connection, statement, values) as cursor:
        return list(cursor.fetchall())


@contextmanager
def _executed(connection: Connection, statement: str, values: Sequence[Any]) -> Iterator[DBAPICursor]:
    fault = connection.dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        yield cursor
    except fault as error:
        own: Any = connection.connection.dbapi_connection
        if connection.dialect.is_disconnect(error, own, cursor):
            connection.invalidate(error)  # or the rollback would fail, and hide why
        raise DBAPIError.instance(statement, None, error, fault, hide_parameters=True) from error
    finally:
        cursor.close()


def marker(dialect: Dialect) -> str:
    """What stands for a value in the driver's statements."""
    return "?" if dialect.paramstyle == "qmark" else "%s"


def slices(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows, as many at a time as one statement takes."""
    return (rows[start : start + _MOST_ROWS] for start in range(0, len(rows), _MOST_ROWS))


@functools.cache
def to_driver(
    model: type[Base], columns: tuple[str, ...], dialect: Dialect
) -> Callable[[Sequence[Any]], list[Any]]:
    """A function that makes of these columns' values, in this order, what the driver takes."""
    types = [model.__table__.columns[name].type for name in columns]
    return _converter([type_.dialect_impl(dialect).bind_processor(dialect) for type_ in types])


@functools.cache
def from_driver(
    model: type[Base], columns: tuple[str, ...], dialect: Dialect
) -> Callable[[Sequence[Any]], list[Any]]:
    """A function that makes values of these columns of what the driver gives, in this order."""
    types = [model.__table__.columns[name].type for name in columns]
    return _converter([type_.dialect_impl(dialect).result_processor(dialect, None) for type_ in types])


def _converter(processors: Sequence[Convert | None]) -> Callable[[Sequence[Any]], list[Any]]:
    conversions = [(index, convert) for index, convert in enumerate(processors) if convert]

    def convert_all(row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for index, convert in conversions:
            values[index] = convert(values[index])
        return values

    return convert_all
