"""The pages of events: the list with its filters, one event, its document, and pictures."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app import jsontext
from app.config import Settings
from app.console import undecrypted
from app.console.access.guard import note
from app.console.events.enos_message import enos_message
from app.console.events.filters import read_filters
from app.domain.delivery import DeliveryState
from app.domain.events import FaceEvent, Kind
from app.domain.ids import made_at
from app.domain.texts import sha256_in
from app.errors import NotDecrypted
from app.receiver.replies import safe_type
from app.store import deliveries, event_search, pictures, reviews, warnings
from app.store import events as store
from app.store.database import Database

_PAGE = 50  # events


def create_events(settings: Settings, database: Database) -> Blueprint:
    """Build the pages."""
    events = Blueprint("events", __name__)

    @events.get("/events")
    def find() -> str | tuple[str, int]:
        filters = read_filters(request.args, g.user.id)
        before = request.args.get("before", type=UUID)
        with database.read() as connection:
            page = event_search.find(connection, filters.search, _PAGE, before)
            ids = [event.id for event in page.events]
            shown = pictures.shown_by(connection, ids)
            reviewed = reviews.reviewed(connection, g.user.id, ids)
        note(database, "events_seen", f"{page.span} {filters.query}".strip())
        context = {"shown": shown, "reviewed": reviewed, "kinds": list(Kind), "states": list(DeliveryState)}
        body = render_template("events/events.html", page=page, filters=filters, **context)
        return (body, 422) if filters.wrong else body

    @events.get("/events/<uuid:event_id>")
    def show(event_id: UUID) -> str:
        with database.read() as connection:
            event = store.get(connection, event_id) or abort(404)
            twins = [one for one in store.of_sighting(connection, event.sighting_id) if one != event_id]
            summaries = event_search.summaries(connection, twins)
            context: dict[str, Any] = {
                "pictures": pictures.shown_by(connection, [event_id])[event_id],
                "warnings": warnings.warnings_of(connection, event_id),
                "delivery": deliveries.of_event(connection, event_id),
                "attempts": deliveries.attempts_of(connection, event_id),
                "stored_at": made_at(event_id),
                "is_reviewed": bool(reviews.reviewed(connection, g.user.id, [event_id])),
                "twins": [summaries[one] for one in twins],
            }
        note(database, "event_seen", f"{event_id} {event.identity_id}")
        message = enos_message(settings, event, context["pictures"])
        return render_template(
            "events/event.html", event=event, document=_lines(event), message=message, **context
        )

    @events.get("/events/<uuid:event_id>/document")
    def document(event_id: UUID) -> Response:
        with database.read() as connection:
            event = store.get(connection, event_id) or abort(404)
            text = jsontext.dump(store.document_as_sent(connection, event))
        note(database, "document_seen", f"{event_id} {event.identity_id}")
        return Response(text, content_type="application/json")

    @events.get("/pictures/<sha256>")
    def picture(sha256: str) -> AnyResponse:
        try:
            with database.read() as connection:
                found = pictures.get(connection, sha256_in(sha256) or abort(404)) or abort(404)
        except NotDecrypted as error:
            return undecrypted.placeholder(error)
        response = Response(found.content, content_type=safe_type(found.media_type))
        response.headers["Cache-Control"] = (
            "private, no-cache"  # kept, and asked for again: a session may end
        )
        response.set_etag(sha256)
        return response.make_conditional(request)

    return events


def _lines(event: FaceEvent) -> Sequence[tuple[str, str]]:
    """The document's fields, each with its value as JSON; a picture is null there."""
    return [(name, jsontext.dump(value)) for name, value in event.document.items()]
