"""A user's marks on events that were reviewed."""

from uuid import UUID

from flask import Blueprint, abort, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from app.console.returning import page_before
from app.store import events, reviews
from app.store.database import Database


def create_reviews(database: Database) -> Blueprint:
    """Build the action."""
    pages = Blueprint("reviews", __name__)

    @pages.post("/events/<uuid:event_id>/review")
    def review(event_id: UUID) -> AnyResponse | tuple[str, int]:
        change = reviews.mark if request.form.get("reviewed") else reviews.unmark
        with database.write() as connection:
            if events.get(connection, event_id) is None:
                abort(404)
            change(connection, g.user.id, event_id)
        by_script = request.accept_mimetypes.best == "application/json"
        return ("", 204) if by_script else redirect(page_before(), code=303)

    return pages
