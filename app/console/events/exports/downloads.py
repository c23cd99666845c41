"""What the filters of the list of events find, as a file: CSV, JSON lines, or a ZIP with pictures."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, abort, g, render_template, request
from flask_babel import gettext

from app.console.access.guard import note
from app.console.events.exports.archive import zip_file
from app.console.events.exports.lines import csv_file, jsonl_file
from app.console.events.filters import read_filters
from app.store.database import Database
from app.store.event_search import Search

_MOST_AT_ONCE = 4  # each holds one of the console's threads
_FILES: Mapping[str, tuple[Callable[[Database, Search], Iterator[Any]], str]] = {
    "csv": (csv_file, "text/csv; charset=utf-8"),
    "jsonl": (jsonl_file, "application/jsonl"),
    "zip": (zip_file, "application/zip"),
}


def create_exports(database: Database) -> Blueprint:
    """Build the downloads."""
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
            response = Response(make(database, filters.search), content_type=media_type)
        except BaseException:
            free.release()
            raise
        response.call_on_close(free.release)
        response.headers["Content-Disposition"] = f'attachment; filename="events.{form}"'
        return response

    return exports


def _busy() -> str:
    detail = gettext("Others export now. Try again once they are done.")
    return render_template("problem.html", title=gettext("Too many exports"), detail=detail)
