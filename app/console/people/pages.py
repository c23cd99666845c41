"""The pages of people: the list of those whom boxes know, and one person's events, photos and cameras."""

from uuid import UUID

from flask import Blueprint, abort, render_template, request

from app.config import Settings
from app.console.access.guard import note
from app.console.people.erasing import add_erasing
from app.domain.texts import shown as shown_text
from app.store import event_search, pictures
from app.store import people as store
from app.store.database import Database
from app.store.event_search import Search
from app.store.people import PeoplePage
from app.store.removal import holds

_PAGE = 50  # people, or events of one


def create_people(settings: Settings, database: Database) -> Blueprint:
    """Build the pages."""
    people = Blueprint("people", __name__)
    add_erasing(people, settings, database)

    @people.get("/people")
    def find() -> str:
        text = _stored_text("text").strip()
        with database.read() as connection:
            page = store.find(connection, text, _PAGE, _stored_text("after"))
            shown = pictures.shown_by(connection, [person.last for person in page.people])
        note(database, "people_seen", f"{_span(page)} {text}".strip())
        return render_template("people/people.html", page=page, shown=shown, text=text)

    @people.get("/person")
    def show() -> str:
        identity_id = _stored_text("id")
        before = request.args.get("before", type=UUID)
        with database.read() as connection:
            person = store.get(connection, identity_id) or abort(404)
            page = event_search.find(connection, Search(identity=identity_id), _PAGE, before)
            context = {
                "shown": pictures.shown_by(connection, [event.id for event in page.events]),
                "photos": store.photos(connection, identity_id),
                "cameras": store.cameras(connection, identity_id),
                "hold": holds.of_person(connection, identity_id),
            }
        note(database, "person_seen", identity_id)
        return render_template(
            "people/person.html", person=person, page=page, shown_text=shown_text, **context
        )

    return people


def _stored_text(name: str) -> str:
    """A value of the address, to be looked for in the database, or noted there: its texts hold no U+0000."""
    value = request.args.get(name, "")
    return abort(404) if "\x00" in value else value


def _span(page: PeoplePage) -> str:
    if not page.people:
        return "none"
    return f"{len(page.people)} from {page.people[0].identity_id} to {page.people[-1].identity_id}"
