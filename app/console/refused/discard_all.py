"""Discards all bodies of a kind of fault: as many as can be in one request."""

import time
from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from app.console.access.guard import actor
from app.console.notices import done
from app.console.refused.actions import read_reason
from app.receiver.refused.admission import discard
from app.store import quarantine_search
from app.store.database import Database
from app.store.quarantine_search import RefusedSearch

SECONDS = 10.0  # then the page shows the rest
SLICE = 100  # bodies of one transaction, which events that come have to wait for


def add_discard_all(refused: Blueprint, database: Database) -> None:
    """Add it to the pages."""

    @refused.post("/refused/discard")
    def discard_all() -> AnyResponse:
        fault, reason = request.form.get("fault"), read_reason()
        if not (fault and reason and request.form.get("sure")):
            abort(400)
        end = time.monotonic() + SECONDS
        discarded = 0
        for some in _slices(database, RefusedSearch(fault=fault)):
            discarded += discard(database, some, actor(), reason)
            if time.monotonic() > end:
                return done("discarded", discarded, "refused.find", fault=fault)
        return done("discarded", discarded, "refused.find")


def _slices(database: Database, search: RefusedSearch) -> Iterator[list[UUID]]:
    """The ids of all bodies that match."""
    after = None
    while True:
        with database.read() as connection:
            ids, after = quarantine_search.ids_to_go(connection, search, after)
        yield from (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))
        if after is None:
            return
