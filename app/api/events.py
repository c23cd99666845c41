"""/events: found by the console's filters, shown with all that is known, and as they were sent."""

from typing import Any
from uuid import UUID

from flask import Response, abort

from app import jsontext
from app.api.cursors import of_uuid, uuid_at
from app.api.event_schemas import Event, EventQuery, EventSummary, with_references
from app.api.resources import Resource, page_of
from app.console.access.guard import note
from app.domain.ids import made_at
from app.store import deliveries, event_search, pictures, warnings
from app.store import events as store
from app.store.database import Database
from app.store.event_search import Search

_NO_EVENT = "There is no such event."


def create_events(database: Database) -> Resource:
    """Build the endpoints."""
    events = Resource("events", __name__, url_prefix="/events")

    @events.serves("", page_of(EventSummary), query=EventQuery)
    def find(query: dict[str, Any]) -> dict[str, Any]:
        """Find events, newest first

        A page may have fewer events than `limit`, or none, and still a `next`: one request looks through
        20,000 events at most.
        """
        limit, cursor = query.pop("limit"), query.pop("cursor", None)
        with database.read() as connection:
            page = event_search.find(connection, Search(**query), limit, uuid_at(cursor))
        asked = " ".join(f"{name}={value}" for name, value in query.items())
        note(database, "events_seen", f"{page.span} {asked}".strip())
        return {"items": page.events, "next": of_uuid(page.before)}

    @events.serves("/<uuid:event_id>", Event, others=[404])
    def show(event_id: UUID) -> dict[str, Any]:
        """Show one event: every column, its pictures, warnings and delivery

        In `document` each picture is an object that tells where to get it.
        """
        with database.read() as connection:
            event = store.get(connection, event_id) or abort(404, _NO_EVENT)
            shown = pictures.references_of(connection, event_id)
            beside = {
                "warnings": warnings.warnings_of(connection, event_id),
                "delivery": deliveries.of_event(connection, event_id),
                "twins": [one for one in store.of_sighting(connection, event.sighting_id) if one != event_id],
            }
        note(database, "event_seen", f"{event_id} {event.identity_id}")
        return with_references(event, shown) | {"stored_at": made_at(event_id)} | beside

    @events.serves("/<uuid:event_id>/document", {"type": "object"}, others=[404])
    def document(event_id: UUID) -> Response:
        """Give one event exactly as it was sent, pictures in it"""
        with database.read() as connection:
            event = store.get(connection, event_id) or abort(404, _NO_EVENT)
            text = jsontext.dump(store.document_as_sent(connection, event))
        note(database, "document_seen", f"{event_id} {event.identity_id}")
        return Response(text, content_type="application/json")

    return events
