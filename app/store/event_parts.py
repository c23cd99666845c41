"""Of the events that are being sent, what the forwarder looks at, and no more."""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Select, select

from app.domain.events import FaceEvent
from app.store.models import EventRow, OutboxRow
from app.store.settlements import Claimed
from app.store.statements import is_one_of


def parts_of(connection: Connection, rows: Sequence[Claimed], names: Collection[str]) -> dict[int, FaceEvent]:
    """The events of these rows, by the rows' ids, with the attributes that are named and no others.

    Reading documents that nobody looks at, and making whole events, would take longer than anything else
    that the forwarder does.
    """
    columns = tuple(sorted(names))
    query, part = _query(connection.dialect.name, columns), _part(columns)
    found = connection.execute(query, {"ids": [row.id for row in rows]})
    return {outbox_id: cast(FaceEvent, part(values)) for outbox_id, *values in found}


@cache
def _query(dialect_name: str, columns: Sequence[str]) -> Select[Any]:
    return (
        select(OutboxRow.id.label("outbox_id"), *(EventRow.__table__.c[name] for name in columns))
        .join(EventRow, EventRow.id == OutboxRow.event_id)
        .where(is_one_of(dialect_name, OutboxRow.id, "ids"))
    )


@cache
def _part(columns: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    part: Any = namedtuple("EventPart", columns)  # type: ignore[misc] # they are known only now
    make: Callable[[Iterable[Any]], Any] = part._make
    return make
