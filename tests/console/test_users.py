"""An admin manages users in the browser, and can't lock everybody out."""

import re
import threading
from collections.abc import Callable

import pytest
from flask import Flask

from app.console.access import accounts
from app.console.access.accounts import LastAdmin
from app.domain.users import Actor, Role, User
from app.store import audit, users
from app.store.database import Database
from tests.console.conftest import PASSWORD, Person

AddUser = Callable[..., None]


def password_in(page: str) -> str:
    found = re.search(r'<code class="password">(\S+)</code>', page)
    assert found
    return found[1]


def named(database: Database, name: str) -> User:
    with database.read() as connection:
        found = users.named(connection, name)
    assert found
    return found


def test_an_added_user_logs_in_with_the_shown_password_and_chooses_another(
    admin: Person, stranger: Person
) -> None:
    page = admin.send("/users", name=" Ame\u0301lie ", role="operator")
    password = password_in(page.text)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert password not in admin.get("/users").text
    assert stranger.log_in("Am\u00e9lie", password).status_code == 302
    assert stranger.get("/").location == "/password"


def test_a_password_is_kept_nowhere_in_the_clear(
    admin: Person, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    password = password_in(admin.send("/users", name="anna", role="viewer").text)
    with database.read() as connection:
        entries = audit.latest(connection, 10)
    assert password not in f"{entries} {named(database, 'anna')} {caplog.text}"
    assert ("root", "user_added", "anna viewer") in [(e.user_name, e.action, e.subject) for e in entries]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("root", "There is a user of this name already."),
        ("", "A name has"),
        ("a\nb", "A name has"),
        ("a" * 101, "A name has"),
    ],
)
def test_a_name_that_can_not_be_is_refused_with_the_reason(admin: Person, name: str, problem: str) -> None:
    page = admin.send("/users", name=name, role="viewer")
    assert page.status_code == 422
    assert problem in page.text
    assert "<code class" not in page.text


def test_a_role_that_is_not_there_is_refused(admin: Person, add_user: AddUser) -> None:
    add_user("anna")
    assert admin.send("/users", name="bob", role="boss").status_code == 400
    assert admin.send("/users/role", name="anna", role="boss").status_code == 400


def test_another_role_counts_at_once(
    admin: Person, stranger: Person, add_user: AddUser, database: Database
) -> None:
    add_user("anna", Role.ADMIN)
    stranger.log_in("anna")
    assert stranger.get("/users").status_code == 200
    reply = admin.send("/users/role", name="anna", role="viewer")
    assert "has the other role" in admin.get(reply.location).text
    assert stranger.get("/users").location.startswith("/login")
    stranger.log_in("anna")
    assert stranger.get("/users").status_code == 403
    assert named(database, "anna").role is Role.VIEWER


def test_a_new_password_takes_the_place_of_the_old_one(
    admin: Person, stranger: Person, add_user: AddUser
) -> None:
    add_user("anna")
    stranger.log_in("anna")
    password = password_in(admin.send("/users/password", name="anna").text)
    assert stranger.get("/").status_code == 302
    assert stranger.log_in("anna").status_code == 401
    assert stranger.log_in("anna", password).status_code == 302


def test_a_disabled_user_is_out_at_once_until_enabled(
    admin: Person, stranger: Person, add_user: AddUser
) -> None:
    add_user("anna")
    stranger.log_in("anna")
    assert admin.send("/users/disable", name="anna").status_code == 303
    assert "disabled 20" in admin.get("/users").text
    assert stranger.get("/").status_code == 302
    assert stranger.log_in("anna").status_code == 401
    assert admin.send("/users/enable", name="anna").status_code == 303
    assert stranger.log_in("anna").status_code == 302


@pytest.mark.parametrize("path", ["password", "role", "disable", "enable"])
def test_an_admin_can_not_lock_himself_out(
    admin: Person, add_user: AddUser, database: Database, path: str
) -> None:
    add_user("other", Role.ADMIN)
    before = named(database, "root")
    reply = admin.send(f"/users/{path}", name="root", role="viewer")
    assert reply.status_code == 422
    assert "have another admin do this" in reply.text
    assert named(database, "root") == before
    assert admin.get("/users").status_code == 200


@pytest.mark.parametrize("path", ["password", "role", "disable", "enable"])
def test_a_user_who_is_not_there_is_said_to_be_so(admin: Person, path: str) -> None:
    reply = admin.send(f"/users/{path}", name="anna", role="viewer")
    assert (reply.status_code, "There is no such user" in reply.text) == (422, True)


def test_of_two_admins_who_disable_each_other_at_once_one_stays(
    database: Database, add_user: AddUser
) -> None:
    add_user("anna", Role.ADMIN)
    add_user("bob", Role.ADMIN)
    refused: list[LastAdmin] = []
    both = threading.Barrier(2)

    def disable(doer: str, name: str) -> None:
        both.wait()
        try:
            accounts.disable(database, Actor(doer, ""), name)
        except LastAdmin as error:
            refused.append(error)

    threads = [threading.Thread(target=disable, args=names) for names in (("anna", "bob"), ("bob", "anna"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    states = [named(database, name).disabled_at is None for name in ("anna", "bob")]
    assert sorted(states) == [False, True]


def test_an_action_that_fails_makes_no_entry(admin: Person, database: Database) -> None:
    admin.send("/users/disable", name="nobody")
    admin.send("/users", name="root", role="viewer")
    with database.read() as connection:
        assert {entry.action for entry in audit.latest(connection, 10)} == {"logged_in"}


def test_every_action_makes_an_entry_that_names_doer_and_address(
    admin: Person, add_user: AddUser, database: Database
) -> None:
    add_user("anna")
    for path in ("password", "disable", "enable", "role"):
        admin.send(f"/users/{path}", name="anna", role="operator")
    with database.read() as connection:
        entries = audit.latest(connection, 4)
    assert {(entry.user_name, entry.source_address) for entry in entries} == {("root", "127.0.0.1")}
    assert [(entry.action, entry.subject) for entry in reversed(entries)] == [
        ("password_given", "anna"),
        ("user_disabled", "anna"),
        ("user_enabled", "anna"),
        ("role_changed", "anna operator"),
    ]


def test_nobody_but_an_admin_is_offered_the_pages(viewer: Person, console: Flask, add_user: AddUser) -> None:
    add_user("olga", Role.OPERATOR)
    operator = Person(console)
    operator.log_in("olga", PASSWORD)
    for person in (viewer, operator):
        assert 'href="/users"' not in person.get("/").text
        assert 'href="/audit"' not in person.get("/").text
