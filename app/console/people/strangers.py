"""The page of strangers, those whose faces look alike side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, render_template, request

from app.console.access.guard import note
from app.console.people.faces import likenesses_of
from app.domain.likeness import grouped
from app.domain.people import STRANGER
from app.store import event_search, pictures
from app.store.database import Database
from app.store.event_search import EventSummary, Search

_PAGE = 300  # events

Shown = Mapping[UUID, Sequence[tuple[str, bytes]]]
"""Field and SHA-256 of each picture of each event."""


@dataclass(frozen=True, slots=True)
class Likes:
    """Events whose faces look alike: groups of at least two, and those that are like no other.

    `uncompared`: how many faces nobody has looked at yet.
    """

    groups: Sequence[Sequence[EventSummary]]
    others: Sequence[EventSummary]
    uncompared: int


def create_strangers(database: Database) -> Blueprint:
    """Build the page."""
    strangers = Blueprint("strangers", __name__)

    @strangers.get("/strangers")
    def find() -> str:
        before = request.args.get("before", type=UUID)
        with database.read() as connection:
            page = event_search.find(connection, Search(person_type=STRANGER), _PAGE, before)
            shown = pictures.shown_by(connection, [event.id for event in page.events])
        likes = _likes(database, page.events, shown)
        seen = f"{len(page.events)} to {page.events[0].id}" if page.events else "none"
        note(database, "strangers_seen", seen)
        return render_template("people/strangers.html", page=page, likes=likes, shown=shown)

    return strangers


def _likes(database: Database, events: Sequence[EventSummary], shown: Shown) -> Likes:
    """Group events by their faces, the largest group first, of equal ones the newest."""
    faces = {event.id: face for event in events if (face := _face(shown[event.id]))}
    likenesses = likenesses_of(database, list(faces.values()))
    uncompared = sum(face not in likenesses for face in faces.values())
    known = {event_id: like for event_id, face in faces.items() if (like := likenesses.get(face))}
    groups = sorted((group for group in grouped(known) if len(group) > 1), key=len, reverse=True)
    by_id = {event.id: event for event in events}
    in_groups = [[by_id.pop(event_id) for event_id in group] for group in groups]
    return Likes(in_groups, list(by_id.values()), uncompared)


def _face(uses: Sequence[tuple[str, bytes]]) -> bytes | None:
    return next((sha256 for field, sha256 in uses if field == "recognize_face"), None)
