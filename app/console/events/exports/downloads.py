"""What the filters of the list of events find, as a file: CSV, JSON lines, or a ZIP with pictures."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, copy_current_request_context, g, render_template, request
from flask_babel import gettext
from sqlalchemy import Connection

from app.console.access.guard import may_go_on, note
from app.console.events.filters import read_filters
from app.errors import Se3Error
from app.exports.archive import zip_file
from app.exports.lines import csv_file, jsonl_file
from app.exports.rows import Read
from app.store.database import Database
from app.store.event_search import Search

_MOST_AT_ONCE = 4  # each holds one of the console's threads
_ASK_SECONDS = 1.0
_FILES: Mapping[str, tuple[Callable[[Read, Search], Iterator[Any]], str]] = {
    "csv": (csv_file, "text/csv; charset=utf-8"),
    "jsonl": (jsonl_file, "application/jsonl"),
    "zip": (zip_file, "application/zip"),
}


class ExportEnded(Se3Error):
    """It must not go on: what was sent is not all, so the download has to fail."""


def create_exports(database: Database, ending: threading.Event) -> Blueprint:
    """Build the downloads. They end when `ending` is set, or their user may see events no longer."""
    exports = Blueprint("exports", __name__)
    free = threading.BoundedSemaphore(_MOST_AT_ONCE)

    @exports.get("/events/export/events.<any(csv, jsonl, zip):form>")
    def export(form: str) -> Response | tuple[str, int]:
        filters = read_filters(request.args, g.user.id)
        if filters.wrong:
            abort(
                400, gettext("Some of the filters can't be read: %(names)s.", names=", ".join(filters.wrong))
            )
        if not free.acquire(blocking=False):
            return _busy(), 503
        make, media_type = _FILES[form]
        try:
            note(database, "exported", f"{form} {filters.query}".strip())
            read = _reading(database, ending)
            response = Response(make(read, filters.search), content_type=media_type)
        except BaseException:
            free.release()
            raise
        response.call_on_close(free.release)
        response.headers["Content-Disposition"] = f'attachment; filename="events.{form}"'
        return response

    return exports


def _reading(database: Database, ending: threading.Event) -> Read:
    """How the present export reads: as long as it may, which the database is asked once a second."""
    ask_at = 0.0
    is_allowed = copy_current_request_context(partial(may_go_on, database))  # the reply is sent without it

    @contextmanager
    def read() -> Iterator[Connection]:
        nonlocal ask_at
        if ending.is_set():
            raise ExportEnded("the console stops")
        if time.monotonic() >= ask_at:
            if not is_allowed():
                raise ExportEnded("who asked for it may see events no longer")
            ask_at = time.monotonic() + _ASK_SECONDS
        with database.read() as connection:
            yield connection

    return read


def _busy() -> str:
    detail = gettext("Others export now. Try again once they are done.")
    return render_template("problem.html", title=gettext("Too many exports"), detail=detail)
