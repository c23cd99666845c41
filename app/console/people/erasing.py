"""What an admin does with all there is of a person: forgets it, or keeps it by a legal hold."""

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from app.config import Settings
from app.console.access.guard import actor
from app.console.notices import done
from app.console.refused.actions import read_reason
from app.domain.users import Actor
from app.people.forgetting import SECONDS, Forgotten, forget
from app.store import people as store
from app.store.database import Database
from app.store.removal import holds
from app.store.removal.people import held_of


def add_erasing(people: Blueprint, settings: Settings, database: Database) -> None:
    """Add it to the pages of people."""

    @people.get("/person/forget")
    def ask() -> str:
        identity_id = _id_in(request.args.get("id", ""))
        with database.read() as connection:
            person = store.get(connection, identity_id) or abort(404)
            found, hold = held_of(connection, identity_id), holds.of_person(connection, identity_id)
        return render_template("people/forget.html", person=person, found=found, hold=hold)

    @people.post("/person/forget")
    def forget_person() -> AnyResponse:
        identity_id = _id_in(request.form.get("id", ""))
        if not request.form.get("sure"):
            abort(400)
        try:
            removed = forget(database, settings, identity_id, actor(), SECONDS)
        except holds.OnHold as error:
            abort(409, str(error))
        if removed is None:
            abort(404)
        return _tell(database, identity_id, removed)

    @people.post("/person/hold")
    def hold() -> AnyResponse:
        return _change(database, holds.hold, "person_held")

    @people.post("/person/release")
    def release() -> AnyResponse:
        return _change(database, holds.release, "person_released")


def _tell(database: Database, identity_id: str, removed: Forgotten) -> AnyResponse:
    if removed.is_whole:
        return done("forgotten", removed.events, "people.find")
    with database.read() as connection:
        if store.get(connection, identity_id):
            return done("forgotten_in_part", removed.events, "people.ask", id=identity_id)
    if removed.unread:
        return done("forgotten_but_spool", removed.unread, "people.find")
    if removed.unreadable:
        return done("forgotten_but_unreadable", removed.unreadable, "people.find")
    return done("forgotten_but_refused", removed.events, "people.find")


def _change(
    database: Database, change: Callable[[Connection, str, str, Actor], None], what: str
) -> AnyResponse:
    identity_id, reason = _id_in(request.form.get("id", "")), read_reason()
    if not reason:
        abort(400, gettext("A reason is needed."))
    try:
        with database.write() as connection:
            change(connection, identity_id, reason, actor())
    except holds.HoldUnchanged as error:
        abort(409, str(error))
    return done(what, 1, "people.show", id=identity_id)


def _id_in(text: str) -> str:
    """An id that a person may have; nobody has none."""
    return abort(404) if not text or "\x00" in text else text
