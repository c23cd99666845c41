"""The events that were found, with all that an export tells of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from app.domain.events import FaceEvent
from app.store import event_search, events, pictures
from app.store.event_search import EventSummary, Search

COLUMNS = (
    "id",
    "kind",
    "route",
    "source_address",
    "received_at",
    "occurred_at",
    "timestamp",
    "identity_id",
    "identity_name",
    "group_name",
    "score",
    "want_action",
    "person_type",
    "dev_sno",
    "device_ip",
    "ep_id",
    "device_type",
)
"""Of an event's row. `state`, of its delivery, and `warnings`, their number, follow in each export."""

_PAGE = 100  # events

Read = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction to read in, as `Database.read` does; it raises once the export must end."""

Row = dict[str, Any]
"""What one event is exported with, by name: the columns, `state`, `warnings`, `pictures`, `document`."""


def rows(read: Read, search: Search) -> Iterator[Row]:
    """Every event that matches, newest first.

    Each page of them is read in a transaction of its own, so that a long export holds none open.
    """
    before = None
    while True:
        with read() as connection:
            page = event_search.find(connection, search, _PAGE, before)
            ids = [summary.id for summary in page.events]
            whole = {event.id: event for event in events.get_many(connection, ids)}
            shown = pictures.shown_by(connection, ids)
        yield from (_row(one, whole[one.id], shown[one.id]) for one in page.events if one.id in whole)
        if page.before is None:
            return
        before = page.before


def _row(summary: EventSummary, event: FaceEvent, shown: list[tuple[str, bytes]]) -> Row:
    return {
        **{name: getattr(event, name) for name in COLUMNS},
        "state": summary.state,
        "warnings": summary.warnings,
        "pictures": [{"field": field, "sha256": sha256.hex()} for field, sha256 in shown],
        "document": event.document,
    }
