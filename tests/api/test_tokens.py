"""A token lets a program in, as long as it is good; a session lets a person read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask

from app.cli.token import token as command
from app.domain.tokens import ApiToken
from app.domain.users import Role
from app.errors import Se3Error
from app.store import api_tokens, audit
from app.store.database import Database
from tests.console.conftest import Person
from tests.support.api_client import ApiClient

Run = Callable[..., str]


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs `se3 token`; gives what it prints."""

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(command, arguments, env={"DATABASE_URL": database_url})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return run


def status_with(console: Flask, authorization: str, path: str = "/api/v1/stats") -> int:
    return console.test_client().get(path, headers={"Authorization": authorization}).status_code


def known(database: Database) -> list[ApiToken]:
    with database.read() as connection:
        return api_tokens.listed(connection)


def test_a_printed_token_lets_in_until_it_is_revoked(run: Run, console: Flask) -> None:
    token = run("add", "ci", "--role", "operator").strip()
    assert status_with(console, f"Bearer {token}") == 200
    assert status_with(console, f"bearer  {token} ") == 200
    assert token not in run("list")
    assert "ci    operator" in run("list")
    assert run("revoke", "ci") == "Token ci is revoked.\n"
    assert status_with(console, f"Bearer {token}") == 401
    assert run("add", "ci").strip() != token


def test_no_token_has_a_role_that_there_is_not(run: Run) -> None:
    assert "'owner' is not one of 'viewer', 'operator', 'admin'" in run("add", "ci", "--role", "owner")


def test_a_token_is_kept_by_its_sha256_alone(run: Run, database: Database) -> None:
    token = run("add", "ci").strip()
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM api_tokens").all()
    assert rows
    assert token not in repr(rows)


def test_a_token_ends_after_its_days(run: Run, console: Flask, database: Database) -> None:
    token = run("add", "ci", "--days", "1").strip()
    assert status_with(console, f"Bearer {token}") == 200
    now = datetime.now(UTC)
    with database.read() as connection:
        assert api_tokens.good_token(connection, token, now + timedelta(hours=23))[0]
        assert api_tokens.good_token(connection, token, now + timedelta(hours=25)) == (None, False)
    with database.write() as connection:
        expired = api_tokens.add(connection, "old", Role.ADMIN, now)
    assert status_with(console, f"Bearer {expired}") == 401
    assert "has expired" in run("list")


WRONG = ["Bearer", "Bearer ", "Bearer se3_x", "Bearer \xe9", "bearer se3_" + "A" * 43]


@pytest.mark.parametrize("sent", WRONG)
def test_a_wrong_token_gets_401_even_with_a_session(viewer: Person, api: ApiClient, sent: str) -> None:
    reply = viewer.get("/api/v1/stats", Authorization=sent)
    assert reply.status_code == 401
    assert reply.content_type == "application/problem+json"
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="SE3 receiver", error=invalid_token'
    assert api.ask("GET", "/stats").status_code == 200


def test_without_anything_the_way_in_is_told(stranger: Person) -> None:
    reply = stranger.get("/api/v1/nothing")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="SE3 receiver"'
    assert "se3 token add" in reply.get_json()["detail"]


def test_a_session_reads_and_changes_nothing(stranger: Person, add_user: Callable[..., None]) -> None:
    add_user("root", Role.ADMIN)
    stranger.log_in("root")
    assert stranger.get("/api/v1/stats").status_code == 200
    assert stranger.get("/api/v1/openapi.json").status_code == 200
    assert stranger.send("/api/v1/outbox/1/retry").status_code == 401
    assert stranger.client.delete(f"/api/v1/quarantine/{'0' * 32}").status_code == 401
    basic = stranger.get("/api/v1/stats", Authorization="Basic cHJveHk6cHJveHk=")
    assert basic.status_code == 200, "a proxy's own login is its matter"


def test_who_has_to_choose_a_password_first_reads_nothing(
    stranger: Person, add_user: Callable[..., None]
) -> None:
    add_user("anna", is_one_time=True)
    stranger.log_in("anna")
    assert stranger.get("/api/v1/stats").status_code == 403


def test_a_token_opens_no_page_for_people(console: Flask, api: ApiClient) -> None:
    for path in ("/events", "/", "/password"):
        assert status_with(console, f"Bearer {api.token}", path) == 302


def test_a_viewer_may_change_nothing(console: Flask) -> None:
    reply = ApiClient(console, "reader", Role.VIEWER).ask("POST", "/outbox/1/retry")
    assert (reply.status_code, reply.content_type) == (403, "application/problem+json")


def test_its_last_use_is_noted_now_and_then(api: ApiClient, database: Database) -> None:
    assert known(database)[0].used_at is None
    api.get("/stats")
    first = known(database)[0].used_at
    assert first
    api.get("/stats")
    assert known(database)[0].used_at == first
    with database.write() as connection:
        api_tokens.touch(connection, api.token, first - timedelta(minutes=6))
    api.get("/stats")
    assert known(database)[0].used_at != first - timedelta(minutes=6)


def test_a_name_is_taken_once_and_what_is_done_is_noted(run: Run, database: Database) -> None:
    run("add", "ci")
    with pytest.raises(Se3Error, match="there is a token ci already"):
        run("add", "ci")
    run("revoke", "ci")
    with pytest.raises(Se3Error, match="there is no token ci"):
        run("revoke", "ci")
    with pytest.raises(Se3Error, match="a name has"):
        run("add", " ")
    with database.read() as connection:
        entries = [(entry.action, entry.subject) for entry in audit.latest(connection, 10)]
    assert entries == [("token_revoked", "ci"), ("token_added", "ci viewer")]
