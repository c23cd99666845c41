"""How many events each box sent in each hour: counted as they are stored, by one statement a transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from app.domain.events import NewEvent
from app.domain.senders import ALL, Heard, Sender, SenderHour
from app.store.driver import Insert
from app.store.models import BoxHourRow

KEPT = timedelta(days=31)

MOST_HEARD = 1000
"""Senders that pages tell of: a stranger who makes up licence codes must not make them slow, or endless."""

_MOST_READ = 20_000  # rows of one box: a month of 27 senders, or of 3 with every kind of warning
_MOST_SUMMED = 100_000  # rows, which the database adds up itself: a month of 134 senders
_LONGEST_NAME = 200  # characters: PostgreSQL refuses keys of more than 2,700 bytes
_KEY = ("hour", "dev_sno", "source_address", "code")
_VALUES_OF_HOUR = (BoxHourRow.hour, BoxHourRow.code, BoxHourRow.events, BoxHourRow.least_lag_ms)
_VALUES = ("events", "least_lag_ms", "first_at", "last_at")
_SMALLER = "{0} = CASE WHEN excluded.{0} < box_hours.{0} THEN excluded.{0} ELSE box_hours.{0} END"
_COUNT = Insert(
    BoxHourRow,
    (*_KEY, *_VALUES),
    f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET events = box_hours.events + excluded.events,"
    f" {_SMALLER.format('least_lag_ms')}, {_SMALLER.format('first_at')},"
    f" {_SMALLER.replace('<', '>').format('last_at')}",
)


def count(connection: Connection, added: Sequence[NewEvent]) -> None:
    """Count new events: all of them, and those with each kind of warning."""
    rows: dict[tuple[Any, ...], list[Any]] = {}
    for key, value in (item for new in added for item in _counted(new)):
        rows[key] = _together(rows[key], value) if key in rows else value
    # In order, so that two transactions which count for the same boxes can't wait for each other.
    _COUNT.execute(connection, [[*key, *rows[key]] for key in sorted(rows)])


def heard(connection: Connection) -> list[Heard]:
    """The MOST_HEARD who sent events last in 31 days, as far back as a bounded number of rows goes."""
    return [
        Heard(Sender(dev_sno, address), int(events), *times)
        for dev_sno, address, events, *times in connection.execute(_heard())
    ]


def last_hours(connection: Connection, hours: Sequence[datetime]) -> list[SenderHour]:
    """What those who are `heard` sent in each of these hours.

    Of each kind of warning there is one for all of the hours, at the last of them that has it.
    """
    everything = _of_heard(hours).where(BoxHourRow.code == ALL)
    row = BoxHourRow
    sums = (func.max(row.hour), row.code, func.sum(row.events), func.min(row.least_lag_ms))
    warnings = _of_heard(hours, *sums).where(row.code != ALL)
    warnings = warnings.group_by(row.dev_sno, row.source_address, row.code)
    return [_sender_hour(*found) for query in (everything, warnings) for found in connection.execute(query)]


def since(connection: Connection, hour: datetime, senders: Sequence[Sender]) -> list[SenderHour]:
    """What came of these senders in this hour and after it, newest first."""
    row = BoxHourRow
    query = select(row.dev_sno, row.source_address, *_VALUES_OF_HOUR).where(row.hour >= hour)
    query = query.where(  # more than one box may share one of these, so each row is looked at again
        row.dev_sno.in_({one.dev_sno for one in senders}),
        row.source_address.in_({one.source_address for one in senders}),
    )
    rows = connection.execute(query.order_by(row.hour.desc()).limit(_MOST_READ))
    return [one for one in (_sender_hour(*found) for found in rows) if one.sender in senders]


def prune(connection: Connection, now: datetime) -> None:
    """Delete what is older than 31 days."""
    connection.execute(delete(BoxHourRow).where(BoxHourRow.hour < now - KEPT))


def _counted(new: NewEvent) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
    event = new.event
    at = event.received_at
    hour = at.replace(minute=0, second=0, microsecond=0)
    lag = (at - event.occurred_at) // timedelta(milliseconds=1)
    for code in {ALL, *(warning.code.value for warning in new.warnings)}:
        yield (hour, (event.dev_sno or "")[:_LONGEST_NAME], event.source_address, code), [1, lag, at, at]


def _together(one: list[Any], other: list[Any]) -> list[Any]:
    return [one[0] + other[0], min(one[1], other[1]), min(one[2], other[2]), max(one[3], other[3])]


def _heard() -> Select[Any]:
    row = BoxHourRow
    columns = (row.dev_sno, row.source_address, row.events, row.first_at, row.last_at)
    newest = select(*columns).where(row.code == ALL).order_by(row.hour.desc()).limit(_MOST_SUMMED).subquery()
    found = newest.c
    last_at = func.max(found.last_at)
    query = select(
        found.dev_sno, found.source_address, func.sum(found.events), func.min(found.first_at), last_at
    )
    return query.group_by(found.dev_sno, found.source_address).order_by(last_at.desc()).limit(MOST_HEARD)


def _of_heard(hours: Sequence[datetime], *columns: Any) -> Select[Any]:
    """Rows of these hours, each found by its key: those of who makes up licence codes are not looked at."""
    row, them = BoxHourRow, _heard().subquery().c
    query = select(row.dev_sno, row.source_address, *(columns or _VALUES_OF_HOUR))
    is_theirs = (row.dev_sno == them.dev_sno) & (row.source_address == them.source_address)
    return query.join(them.dev_sno.table, is_theirs).where(row.hour.in_(hours))


def _sender_hour(dev_sno: str, address: str, at: datetime, code: str, events: int, lag_ms: int) -> SenderHour:
    return SenderHour(Sender(dev_sno, address), at, code, int(events), timedelta(milliseconds=lag_ms))
