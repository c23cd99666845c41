"""People log in by the site's OpenID Connect provider, each as the user they linked themselves with."""

import html
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import update
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from app.config import Settings
from app.console.application import create_console
from app.domain.users import Role
from app.store import audit, oidc, users
from app.store.database import Database
from app.store.models import OidcAttemptRow
from tests.console.conftest import PASSWORD, Person
from tests.support.oidc_providers import CLIENT_ID, CLIENT_SECRET, HonestProvider, ToldProvider
from tests.support.ports import free_port
from tests.support.waiting import wait_until

AddUser = Callable[..., None]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HonestProvider]:
    with HonestProvider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def told() -> Iterator[ToldProvider]:
    with ToldProvider() as provider:
        yield provider


def console_of(database_url: str, issuer: str) -> Flask:
    settings = Settings(
        database_url=database_url,
        disk_floor_mb=0,
        oidc_issuer=issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
    )
    return create_console(settings)


@pytest.fixture
def console(database_url: str, provider: HonestProvider) -> Iterator[Flask]:
    app = console_of(database_url, provider.issuer)
    yield app
    app.extensions["database"].close()


def address_in(reply: TestResponse) -> str:
    """Where the page sends the browser."""
    found = re.search(r'content="0; url=([^"]+)"', reply.text)
    assert found, reply.text
    return html.unescape(found[1])


def begin(person: Person, **query: str) -> str:
    return address_in(person.send(f"/oidc/login?{urlencode(query)}"))


def link(person: Person, provider: HonestProvider, subject: str, password: str = PASSWORD) -> TestResponse:
    address = address_in(person.send("/oidc/link", password=password))
    return person.get(provider.log_in(address, subject))


def log_in(person: Person, provider: HonestProvider, subject: str, **query: str) -> TestResponse:
    return person.get(provider.log_in(begin(person, **query), subject))


@pytest.fixture
def anna(console: Flask, add_user: AddUser, provider: HonestProvider) -> Person:
    """Somebody who is linked, and logged in."""
    add_user("anna")
    person = Person(console)
    person.log_in("anna")
    assert link(person, provider, "sub-anna").location == "/password"
    return person


def test_with_a_one_time_password_one_links_and_logs_in_without_it_from_then_on(
    console: Flask, stranger: Person, add_user: AddUser, provider: HonestProvider, database: Database
) -> None:
    add_user("anna", is_one_time=True)
    stranger.log_in("anna")
    assert stranger.get("/events").location == "/password"
    assert link(stranger, provider, "sub-anna").status_code == 302
    assert stranger.get("/events").status_code == 200
    other_browser = Person(console)
    assert other_browser.log_in("anna").status_code == 401
    reply = log_in(other_browser, provider, "sub-anna", wanted="/events?text=7")
    assert (reply.status_code, reply.location) == (302, "/events?text=7")
    assert other_browser.get("/events?text=7").status_code == 200
    with database.read() as connection:
        entries = [(entry.action, entry.subject) for entry in audit.latest(connection, 10)]
    assert ("logged_in", f"{provider.issuer} sub-anna") in entries
    assert ("oidc_linked", f"{provider.issuer} sub-anna") in entries


def test_a_password_that_one_chose_is_good_beside_it(anna: Person, stranger: Person) -> None:
    assert anna.get("/").status_code == 200
    assert stranger.log_in("anna").status_code == 302


@pytest.mark.usefixtures("anna")
def test_no_login_leads_to_another_site(stranger: Person, provider: HonestProvider) -> None:
    assert log_in(stranger, provider, "sub-anna", wanted="//evil.example").location == "/"


def test_the_address_asks_for_what_protects_the_login(stranger: Person) -> None:
    page = stranger.send("/oidc/login")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address_in(page)).query).items()}
    assert asked["redirect_uri"] == "http://localhost/oidc/callback"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert asked["state"] not in cookie


def test_who_is_linked_with_no_user_gets_nothing(stranger: Person, provider: HonestProvider) -> None:
    reply = log_in(stranger, provider, "sub-nobody")
    assert reply.status_code == 403
    assert "No user who may log in is linked" in reply.text
    assert stranger.get("/").location.startswith("/login")


@pytest.mark.usefixtures("anna")
def test_another_person_who_is_called_the_same_gets_nothing(
    stranger: Person, provider: HonestProvider
) -> None:
    claims = {"preferred_username": "anna", "name": "anna", "email": "anna@site.example"}
    for subject in ("anna", "sub-other"):
        provider.claim(subject, **claims)
        assert log_in(stranger, provider, subject).status_code == 403
    assert stranger.get("/").status_code == 302


@pytest.mark.usefixtures("anna")
def test_a_subject_of_another_issuer_gets_nothing(database_url: str, told: ToldProvider) -> None:
    told.change = {"sub": "sub-anna"}
    app = console_of(database_url, told.issuer)
    person = Person(app)
    assert person.get(told.log_in(begin(person))).status_code == 403
    app.extensions["database"].close()


def test_a_subject_is_one_user_and_a_user_one_subject(
    anna: Person, console: Flask, add_user: AddUser, provider: HonestProvider
) -> None:
    add_user("bob")
    bob = Person(console)
    bob.log_in("bob")
    assert link(bob, provider, "sub-anna").status_code == 409
    assert log_in(Person(console), provider, "sub-anna").status_code == 302
    assert link(anna, provider, "sub-new").status_code == 302
    assert log_in(Person(console), provider, "sub-anna").status_code == 403
    assert log_in(Person(console), provider, "sub-new").status_code == 302


@pytest.mark.usefixtures("anna")
def test_a_disabled_user_is_out_at_once_and_stays_out(
    stranger: Person, provider: HonestProvider, database: Database
) -> None:
    log_in(stranger, provider, "sub-anna")
    assert stranger.get("/").status_code == 200
    with database.write() as connection:
        user: Any = users.named(connection, "anna")
        users.disable(connection, user)
    assert stranger.get("/").status_code == 302
    assert log_in(stranger, provider, "sub-anna").status_code == 403
    assert stranger.get("/").status_code == 302


def test_a_new_password_from_an_admin_ends_the_link(
    anna: Person, admin: Person, stranger: Person, provider: HonestProvider
) -> None:
    assert "logs in with 127.0.0.1" in admin.get("/users").text
    begun = address_in(anna.send("/oidc/link", password=PASSWORD))
    admin.send("/users/password", name="anna")
    assert "logs in with" not in admin.get("/users").text
    assert log_in(stranger, provider, "sub-anna").status_code == 403
    assert anna.get(provider.log_in(begun, "sub-anna")).status_code == 400


def test_to_link_one_has_to_know_the_password(anna: Person) -> None:
    assert anna.send("/oidc/link", password="wrong").status_code == 422
    assert anna.send("/oidc/link", token="", password=PASSWORD).status_code == 403


def test_a_link_is_made_in_the_session_that_began_it(
    anna: Person, console: Flask, add_user: AddUser, provider: HonestProvider
) -> None:
    add_user("bob")
    answer = provider.log_in(address_in(anna.send("/oidc/link", password=PASSWORD)), "sub-evil")
    anna.send("/logout")
    anna.log_in("bob")
    assert anna.get(answer).status_code == 403
    assert log_in(Person(console), provider, "sub-evil").status_code == 403


@pytest.mark.usefixtures("anna")
def test_an_answer_is_taken_once_and_only_by_the_browser_that_asked(
    console: Flask, provider: HonestProvider
) -> None:
    browser, other = Person(console), Person(console)
    answer = provider.log_in(begin(browser), "sub-anna")
    begin(other)
    for person in (Person(console), other):
        assert person.get(answer).status_code == 400
        assert person.get("/").status_code == 302
    cookie = browser.client.get_cookie("se3_oidc", path="/oidc")
    assert cookie
    assert browser.get(answer).status_code == 302
    assert browser.client.get_cookie("se3_oidc", path="/oidc") is None
    other.client.set_cookie("se3_oidc", cookie.value, path="/oidc")
    assert other.get(answer).status_code == 400


@pytest.mark.parametrize("state", ["", "0" * 64, "\u00e9"])
@pytest.mark.usefixtures("anna")
def test_a_wrong_state_is_refused(stranger: Person, provider: HonestProvider, state: str) -> None:
    answer = provider.log_in(begin(stranger), "sub-anna")
    assert stranger.get(re.sub("state=[^&]*", urlencode({"state": state}), answer)).status_code == 400


@pytest.mark.usefixtures("anna")
def test_an_old_attempt_is_refused(stranger: Person, provider: HonestProvider, database: Database) -> None:
    answer = provider.log_in(begin(stranger), "sub-anna")
    with database.write() as connection:
        connection.execute(update(OidcAttemptRow).values(begun_at=datetime.now(UTC) - oidc.LASTS * 1.01))
    assert stranger.get(answer).status_code == 400


@pytest.mark.usefixtures("anna")
def test_an_id_token_of_another_login_is_refused(stranger: Person, provider: HonestProvider) -> None:
    address = re.sub("nonce=[^&]*", "nonce=another", begin(stranger))
    assert stranger.get(provider.log_in(address, "sub-anna")).status_code == 502
    assert stranger.get("/").status_code == 302


@pytest.mark.usefixtures("anna")
def test_a_code_that_another_client_got_is_refused(stranger: Person, provider: HonestProvider) -> None:
    address = begin(stranger).replace(f"client_id={CLIENT_ID}", "client_id=another")
    assert stranger.get(provider.log_in(address, "sub-anna")).status_code == 502


def test_who_gives_up_at_the_provider_is_told_so(stranger: Person) -> None:
    state = parse_qs(urlsplit(begin(stranger)).query)["state"][0]
    reply = stranger.get(f"/oidc/callback?error=access_denied&state={state}")
    assert (reply.status_code, "did not let you in" in reply.text) == (403, True)


def test_strangers_can_begin_so_many_and_no_more(
    console: Flask, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(oidc, "MOST_ATTEMPTS", 2)
    statuses = [Person(console).send("/oidc/login").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    with database.write() as connection:
        connection.execute(update(OidcAttemptRow).values(begun_at=datetime.now(UTC) - timedelta(hours=1)))
    assert Person(console).send("/oidc/login").status_code == 200


def test_one_stranger_keeps_nobody_else_from_logging_in(
    console: Flask, monkeypatch: pytest.MonkeyPatch, viewer: Person
) -> None:
    monkeypatch.setattr(oidc, "MOST_OF_ADDRESS", 2)

    def status(source: str) -> int:
        address = {"REMOTE_ADDR": source}
        return console.test_client().post("/oidc/login", environ_base=address).status_code

    assert [status("192.0.2.66") for _ in range(3)] == [200, 200, 429]
    assert status("192.0.2.7") == 200
    monkeypatch.setattr(oidc, "MOST_ATTEMPTS", 0)
    assert status("192.0.2.8") == 429
    assert [viewer.send("/oidc/link", password=PASSWORD).status_code for _ in range(3)] == [200] * 3


def unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(), ["none"])


def signed_with_the_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256", "kid": "1"}, claims, OctKey.import_key(CLIENT_SECRET), ["HS256"])


def signed_by_somebody_else(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, RSAKey.generate_key(2048))


class TestWhatAProviderMaySay:
    """With one that says what it is told to."""

    @pytest.fixture
    def person(self, sqlite_url: str, told: ToldProvider) -> Iterator[Person]:
        app = console_of(sqlite_url, told.issuer)
        database: Database = app.extensions["database"]
        with database.write() as connection:
            users.add(connection, "anna", Role.VIEWER, "")
            user: Any = users.named(connection, "anna")
            users.set_password(connection, user, "", is_one_time=False)
            assert oidc.link(connection, user.id, told.issuer, "s-1", datetime.now(UTC))
        yield Person(app)
        database.close()

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
            {"preferred_username": "bob", "email": "bob@site.example"},
        ],
    )
    def test_it_is_believed(self, person: Person, told: ToldProvider, change: dict[str, Any]) -> None:
        told.change = change
        assert person.get(told.log_in(begin(person))).status_code == 302
        assert person.get("/").status_code == 200

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "https://evil.example"},
            {"iss": None},
            {"aud": "another"},
            {"aud": None},
            {"aud": [CLIENT_ID, "another"], "azp": "another"},
            {"aud": [CLIENT_ID, "another"]},
            {"exp": 1_600_000_000},
            {"exp": None},
            {"nonce": "another"},
            {"nonce": None},
            {"sub": None},
            {"sub": ""},
            {"sub": 1},
            {"sub": ["s-1"]},
            {"sub": "s-1\x00"},
            {"sub": "s" * 256},
        ],
        ids=str,
    )
    def test_wrong_claims_are_not(self, person: Person, told: ToldProvider, change: dict[str, Any]) -> None:
        told.change = change
        self.refuses(person, told)

    @pytest.mark.parametrize("sign", [unsigned, signed_with_the_secret, signed_by_somebody_else])
    def test_a_wrong_signature_is_not(
        self, person: Person, told: ToldProvider, sign: Callable[[dict[str, Any]], str]
    ) -> None:
        told.sign = sign
        self.refuses(person, told)

    @pytest.mark.parametrize(
        "answer",
        [
            Response("<h1>gateway</h1>", 502),
            Response("[]", 200, content_type="application/json"),
            Response("{}", 200, content_type="application/json"),
            Response('{"error": "invalid_grant"}', 400, content_type="application/json"),
            Response("", 307, {"Location": "http://127.0.0.1:1/"}),
        ],
        ids=lambda answer: str(answer.data),
    )
    def test_a_wrong_answer_is_not(self, person: Person, told: ToldProvider, answer: Response) -> None:
        told.token_answer = answer
        self.refuses(person, told)

    def test_a_verifier_of_another_login_is_of_no_use(self, person: Person, told: ToldProvider) -> None:
        address = begin(person)
        told.log_in(re.sub("code_challenge=[^&]*", "code_challenge=another", address))
        state = parse_qs(urlsplit(address).query)["state"][0]
        assert person.get(f"/oidc/callback?code=c&state={state}").status_code == 502

    @pytest.mark.parametrize(
        "change",
        [
            {"issuer": "https://evil.example"},
            {"token_endpoint": "https://127.0.0.1/token"},
            {"authorization_endpoint": None},
        ],
        ids=str,
    )
    def test_a_description_that_does_not_fit_is_not(
        self, person: Person, told: ToldProvider, change: dict[str, Any]
    ) -> None:
        told.description |= change
        reply = person.send("/oidc/login")
        assert (reply.status_code, "Log in with your password" in reply.text) == (502, True)

    def test_it_is_not_asked_for_whom_there_is_no_room(
        self, person: Person, told: ToldProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(oidc, "MOST_ATTEMPTS", 0)
        assert person.send("/oidc/login").status_code == 429
        assert told.asked_for == []

    def test_its_description_is_good_for_a_while_and_so_is_its_lack(
        self, person: Person, told: ToldProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        right, told.description = told.description, {}
        assert [person.send("/oidc/login").status_code for _ in range(3)] == [502] * 3
        assert len(told.asked_for) == 1
        told.description = right
        monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 6)
        assert [person.send("/oidc/login").status_code for _ in range(3)] == [200] * 3
        assert len(told.asked_for) == 2

    def test_one_that_hangs_holds_two_threads_and_no_more(self, person: Person, told: ToldProvider) -> None:
        told.answers.clear()
        with ThreadPoolExecutor() as threads:
            app = person.client.application
            first = [threads.submit(lambda: Person(app).send("/oidc/login").status_code) for _ in range(2)]
            wait_until(lambda: len(told.asked_for) == 2)
            refused = person.send("/oidc/login")
            told.answers.set()
            assert [one.result() for one in first] == [200, 200]
        assert (refused.status_code, "Try again in some seconds" in refused.text) == (429, True)

    def refuses(self, person: Person, told: ToldProvider) -> None:
        reply = person.get(told.log_in(begin(person)))
        assert (reply.status_code, "Log in with your password" in reply.text) == (502, True)
        assert person.get("/").status_code == 302


def test_where_the_provider_is_down_passwords_are_good(database_url: str, add_user: AddUser) -> None:
    app = console_of(database_url, f"http://127.0.0.1:{free_port()}")
    add_user("anna")
    person = Person(app)
    assert "Log in with 127.0.0.1" in person.get("/login").text
    reply = person.send("/oidc/login")
    assert (reply.status_code, "Log in with your password" in reply.text) == (502, True)
    assert person.log_in("anna").status_code == 302
    app.extensions["database"].close()


def test_without_a_provider_nothing_is_offered(sqlite_url: str) -> None:
    app = create_console(Settings(database_url=sqlite_url, disk_floor_mb=0))
    person = Person(app)
    assert "Log in with" not in person.get("/login").text
    assert person.send("/oidc/login").status_code == 404
    assert person.get("/oidc/callback?state=x").status_code == 404
    app.extensions["database"].close()
