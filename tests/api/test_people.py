"""A program has a person forgotten."""

from flask import Flask

from app.domain.users import Actor, Role
from app.store import audit
from app.store.database import Database
from app.store.removal import holds
from tests.support.api_client import ApiClient
from tests.support.people import event_of, store


def test_a_program_of_an_admin_has_a_person_forgotten(console: Flask, database: Database) -> None:
    store(database, event_of("A/7", 1), event_of("B", 2))
    program = ApiClient(console, "privacy desk", Role.ADMIN)
    reply = program.ask("DELETE", "/people/A%2F7")
    assert (reply.status_code, reply.get_json()) == (
        200,
        {"events": 1, "pictures": 2, "refused": 0, "unreadable": 0, "is_whole": True},
    )
    assert program.ask("DELETE", "/people/A%2F7").status_code == 404
    with database.read() as connection:
        newest = audit.latest(connection, 1)[0]
    assert (newest.action, newest.subject) == ("person_forgotten", "A/7, 1 events, 0 refused bodies")
    assert "privacy desk" in newest.user_name


def test_who_is_on_hold_stays(console: Flask, database: Database) -> None:
    store(database, event_of("A", 1))
    with database.write() as connection:
        holds.hold(connection, "A", "a lawsuit", Actor("anna"))
    reply = ApiClient(console, "privacy desk", Role.ADMIN).ask("DELETE", "/people/A")
    assert (reply.status_code, "a lawsuit" in reply.get_json()["detail"]) == (409, True)


def test_a_program_of_an_operator_may_not(api: ApiClient, database: Database) -> None:
    store(database, event_of("A", 1))
    assert api.ask("DELETE", "/people/A").status_code == 403
