"""A stranger gets nothing; a person gets in with the right password, and out again."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.http import parse_cookie

from app.console.access import oidc_arrival
from app.console.access.guard import COOKIE
from app.console.access.handshake import LoginRefused
from app.store import audit, oidc, sessions, users
from app.store.database import Database
from tests.console.conftest import PASSWORD, Person

AddUser = Callable[..., None]


def test_a_stranger_sees_the_login_page_and_nothing_else(console: Flask, stranger: Person) -> None:
    open_to_all = {
        "/login",
        "/healthz",
        "/static/<path:filename>",
        "/language/<any(en, zh):language>",
        "/oidc/callback",
    }
    rules = [rule for rule in console.url_map.iter_rules() if "GET" in (rule.methods or ())]
    assert {rule.rule for rule in rules} > open_to_all
    for rule in rules:
        if rule.rule in open_to_all:
            continue
        path = re.sub("<uuid:[a-z_]+>", "01a20000-0000-7000-8000-000000000000", rule.rule)
        reply = stranger.get(path.replace("<sha256>", "00" * 32))
        if rule.endpoint.startswith(("api.", "api-docs.", "metrics.")):
            assert (reply.status_code, reply.content_type) == (401, "application/problem+json"), rule.rule
            continue
        assert (reply.status_code, reply.location.partition("?")[0]) == (302, "/login"), rule.rule
        assert "/static" not in reply.text
    assert "Overview" not in stranger.get("/login").text


def test_whoever_logs_in_gets_to_the_page_that_was_wanted(stranger: Person, add_user: AddUser) -> None:
    add_user("anna")
    login = stranger.get("/events?text=7").location
    reply = stranger.client.post(login, data={"name": "anna", "password": PASSWORD})
    assert (reply.status_code, reply.location) == (302, "/events?text=7")
    assert stranger.get("/events?text=7").status_code == 200
    cookie = reply.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


ELSEWHERE = ["//evil.example", "https://evil.example/", "/\\evil.example", "evil"]
ELSEWHERE += ["/\t/evil.example", "/\nx", "/\t/["]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_a_login_leads_to_no_other_site(stranger: Person, add_user: AddUser, wanted: str) -> None:
    add_user("anna")
    fields = {"name": "anna", "password": PASSWORD}
    reply = stranger.client.post("/login", query_string={"wanted": wanted}, data=fields)
    assert reply.location == "/"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(stranger: Person, add_user: AddUser) -> None:
    add_user("anna")
    wrong = [stranger.log_in("anna", "wrong"), stranger.log_in("nobody"), stranger.log_in("", "")]
    assert {reply.status_code for reply in wrong} == {401}
    assert len({reply.text for reply in wrong}) == 1


def test_after_five_wrong_passwords_not_even_the_right_one_is_looked_at(
    stranger: Person, add_user: AddUser, database: Database
) -> None:
    add_user("anna")
    add_user("bob")
    for _ in range(sessions.MOST_FAILURES_OF_NAME):
        assert stranger.log_in("anna", "wrong").status_code == 401
    assert stranger.log_in("anna").status_code == 429
    assert stranger.log_in("bob").status_code == 302
    with database.read() as connection:
        later = datetime.now(UTC) + sessions.PERIOD
        assert sessions.may_try(connection, "anna", "127.0.0.1", later)
        put_back = datetime.now(UTC) - timedelta(hours=1)
        assert sessions.may_try(connection, "anna", "127.0.0.1", put_back)


def test_an_address_that_tries_many_names_is_slowed_down(stranger: Person, database: Database) -> None:
    now = datetime.now(UTC)
    with database.write() as connection:
        for number in range(sessions.MOST_FAILURES_OF_ADDRESS):
            sessions.note_failure(connection, f"name{number}", "127.0.0.1", now)
    assert stranger.log_in("anna").status_code == 429


def test_a_password_of_somebody_logged_in_can_be_guessed_no_faster(viewer: Person) -> None:
    for _ in range(sessions.MOST_FAILURES_OF_NAME):
        assert "The old password is wrong." in viewer.send("/password", old="wrong", new="another one").text
    assert "Wait 15 minutes" in viewer.send("/password", old=PASSWORD, new="another one").text
    assert viewer.log_in("anna").status_code == 429


def test_a_form_as_long_as_memory_is_not_read(stranger: Person) -> None:
    assert stranger.client.post("/login", data={"name": "a" * 10**6}).status_code == 413


@pytest.mark.parametrize("name", ["a\x00", "a" * 1000, "\ud800"])
def test_a_name_that_nobody_can_have_is_wrong(stranger: Person, name: str) -> None:
    assert stranger.log_in(name.encode("utf-8", "replace").decode()).status_code == 401


def test_who_logs_out_is_out_even_with_the_old_cookie(viewer: Person, stranger: Person) -> None:
    cookie = viewer.client.get_cookie("se3_session")
    assert cookie
    assert viewer.send("/logout").status_code == 302
    stranger.client.set_cookie("se3_session", cookie.value)
    assert stranger.get("/").status_code == 302


@pytest.mark.parametrize(
    "change", [users.disable, lambda c, u: users.set_password(c, u, "x", is_one_time=True)]
)
def test_a_disabled_user_and_one_with_a_new_password_is_out_at_once(
    viewer: Person, database: Database, change: Callable[..., None]
) -> None:
    assert viewer.get("/").status_code == 200
    with database.write() as connection:
        change(connection, users.named(connection, "anna"))
    assert viewer.get("/").status_code == 302
    assert viewer.log_in("anna").status_code == 401


def test_a_session_that_nobody_uses_ends(viewer: Person, database: Database) -> None:
    cookie = viewer.client.get_cookie("se3_session")
    assert cookie
    now = datetime.now(UTC)
    with database.read() as connection:
        assert sessions.user_id_of(connection, cookie.value, now)[0] is not None
        assert sessions.user_id_of(connection, cookie.value, now + sessions.IDLE * 1.01) == (None, False)
    with database.write() as connection:
        sessions.touch(connection, cookie.value, now + timedelta(hours=10))
    with database.read() as connection:
        assert sessions.user_id_of(connection, cookie.value, now + sessions.IDLE * 1.01)[0] is not None


def test_a_password_good_for_one_login_must_be_changed(stranger: Person, add_user: AddUser) -> None:
    add_user("anna", is_one_time=True)
    stranger.log_in("anna")
    assert stranger.get("/events").location == "/password"
    for old, new in ((PASSWORD, "short"), (PASSWORD, PASSWORD), ("wrong", "another password")):
        assert stranger.send("/password", old=old, new=new).status_code == 422
    assert stranger.send("/password", old=PASSWORD, new="another password").status_code == 302
    assert stranger.get("/events").status_code == 200
    assert stranger.log_in("anna").status_code == 401
    assert stranger.log_in("anna", "another password").status_code == 302


def test_a_form_that_another_site_sends_is_refused(viewer: Person) -> None:
    assert viewer.send("/logout", token="").status_code == 403
    assert viewer.send("/logout", token="0" * 64).status_code == 403
    assert viewer.send("/logout", token="\u00e9").status_code == 403
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://["},
    ):
        for path in ("/login", "/logout"):
            assert viewer.client.post(path, headers=headers, data={}).status_code == 403
    assert viewer.get("/").status_code == 200


def test_every_page_closes_itself_off(viewer: Person) -> None:
    for path in ("/", "/events", "/login", "/nothing"):
        headers = viewer.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_audit_log_tells_who_came_and_went(viewer: Person, database: Database) -> None:
    viewer.send("/logout")
    with database.read() as connection:
        entries = [(entry.user_name, entry.action) for entry in audit.latest(connection, 10)]
    assert entries == [("anna", "logged_out"), ("anna", "logged_in")]


PROBLEMS = [
    (404, "/no-such-page", "未找到", "没有这个页面"),
    (403, "/users", "无权访问", "您的角色"),
    (400, "/events/export/events.csv?state=x", "请求有误", "state"),
    (405, "/relay/retry", "不支持此请求方式", "页面上的按钮"),
]


@pytest.mark.parametrize(("status", "path", "title", "detail"), PROBLEMS)
def test_problems_are_told_in_the_readers_language(
    viewer: Person, status: int, path: str, title: str, detail: str
) -> None:
    reply = viewer.get(path, **{"Accept-Language": "zh"})
    assert reply.status_code == status
    assert f"<h1>{title}</h1>" in reply.text
    assert detail in reply.text


def by_password(console: Flask) -> Person:
    person = Person(console)
    person.log_in("anna")
    return person


def by_provider(console: Flask) -> Person:
    person = Person(console)
    with console.test_request_context(), suppress(LoginRefused):
        reply = oidc_arrival.log_in(console.extensions["database"], "https://login.example", "s-1", "/")
        person.client.set_cookie(COOKIE, parse_cookie(reply.headers["Set-Cookie"])[COOKIE])
    return person


@pytest.mark.parametrize("log_in", [by_password, by_provider])
def test_no_login_survives_a_new_password_that_is_given_at_that_moment(
    console: Flask, add_user: AddUser, database: Database, log_in: Callable[[Flask], Person]
) -> None:
    add_user("anna")
    with database.write() as connection:
        anna: Any = users.named(connection, "anna")
        assert oidc.link(connection, anna.id, "https://login.example", "s-1", datetime.now(UTC))
    with ThreadPoolExecutor() as threads:
        with database.write() as connection:
            users.set_password(connection, anna, "another", is_one_time=True)
            oidc.unlink(connection, anna.id)
            login = threads.submit(log_in, console)
            wait([login], timeout=2)  # it is held up; without that it would be done by then
        person = login.result()
    assert person.get("/").location.startswith("/login")
