"""The pages of refused bodies: the list with its kinds of fault, one body, and the body as it came."""

from uuid import UUID

from flask import Blueprint, Response, render_template, request

from app.config import Settings
from app.console.access.guard import note
from app.console.refused.actions import add_actions, page_of_one
from app.console.refused.admit_all import add_admit_all
from app.console.refused.correcting import add_correcting
from app.console.refused.discard_all import add_discard_all
from app.console.refused.looking import HOLDS, look_at, named_holds, problems_now
from app.store import quarantine_search as store
from app.store.database import Database
from app.store.quarantine_search import Cursor, RefusedSearch

_PAGE = 50  # bodies
_MOST_KINDS = 20


def create_refused(settings: Settings, database: Database) -> Blueprint:
    """Build the pages, and what can be done on them."""
    refused = Blueprint("refused", __name__)

    @refused.get("/refused")
    def find() -> str:
        search = _search()
        with database.read() as connection:
            page = store.find(connection, search, _PAGE, request.args.get("before", type=Cursor.read))
            counts = store.fault_counts(connection)
        note(database, "refused_seen", f"{len(page.bodies)} {request.query_string.decode()}".strip())
        chosen = next((count for count in counts if count.kind.key == search.fault), None)
        return render_template(
            "refused/list.html",
            page=page,
            counts=counts[:_MOST_KINDS],
            chosen=chosen,
            search=search,
            statuses=sorted({count.status for count in counts}),
            most_looked_at=store.MOST_LOOKED_AT,
            all_holds=[named_holds(holds) for holds in HOLDS],
            after=request.args.get("after", type=UUID),
            still=request.args.get("still", 0, type=int),
        )

    @refused.get("/refused/<uuid:quarantine_id>")
    def show(quarantine_id: UUID) -> str:
        look = look_at(database, settings, quarantine_id)
        note(database, "refused_body_seen", str(quarantine_id))
        return page_of_one(look, problems_now(look, settings))

    @refused.get("/refused/<uuid:quarantine_id>/body")
    def body(quarantine_id: UUID) -> Response:
        look = look_at(database, settings, quarantine_id)
        note(database, "refused_body_downloaded", str(quarantine_id))
        response = Response(look.kept, content_type="application/octet-stream")
        response.headers["Content-Disposition"] = f'attachment; filename="refused-{quarantine_id}.bin"'
        return response

    add_actions(refused, settings, database)
    add_correcting(refused, settings, database)
    add_admit_all(refused, settings, database)
    add_discard_all(refused, database)
    return refused


def _search() -> RefusedSearch:
    """What the page's address looks for."""
    return RefusedSearch(request.args.get("status", type=int), request.args.get("fault", "")[:16])
