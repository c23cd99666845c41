"""The table of routes and roles, walked: each role gets what it may and is refused all else."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.console.access.roles import NEEDED, OPEN
from app.domain.users import Role
from app.store.database import Database
from tests.console.conftest import Person
from tests.support.api_client import ApiClient

SAMPLES = {
    "<uuid:quarantine_id>": "01a20000-0000-7000-8000-000000000000",
    "<int(min=1, max=9223372036854775807):delivery_id>": "1",
    "<path:key>": "ZKZ0001",
    "<path:identity_id>": "01200002",
    "<path:filename>": "swagger-ui.css",
    "<uuid:event_id>": "01a20000-0000-7000-8000-000000000000",
    "<any(csv, jsonl, zip):form>": "csv",
    "<sha256>": "00" * 32,
}


def paths(console: Flask) -> Iterator[tuple[str, str, str]]:
    """Each endpoint that needs a role, with a method and a path of it."""
    for rule in console.url_map.iter_rules():
        path = rule.rule
        for name, sample in SAMPLES.items():
            path = path.replace(name, sample)
        for method in (rule.methods or set()) & {"GET", "POST", "DELETE"}:
            if rule.endpoint not in OPEN:
                yield rule.endpoint, method, path


def test_every_endpoint_has_a_role(console: Flask) -> None:
    assert {rule.endpoint for rule in console.url_map.iter_rules()} == set(NEEDED) | OPEN


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_what_it_may(
    console: Flask, add_user: Callable[..., None], database: Database, role: Role
) -> None:
    add_user("anna", role)
    person = Person(console)
    person.begin_session(database, "anna")
    program = ApiClient(console, "a program", role)
    for endpoint, method, path in paths(console):
        if endpoint == "logins.logout":
            continue
        if endpoint.startswith("api."):
            reply = program.ask(method, path)
        else:
            reply = person.get(path) if method == "GET" else person.send(path)
        assert "<" not in path, f"{path} needs a sample value"
        assert (reply.status_code == 403) is not role.includes(NEEDED[endpoint]), (endpoint, method)
        assert reply.status_code < 500 or endpoint == "health.readyz", (endpoint, method)
        reply.close()


def test_an_endpoint_that_is_not_listed_is_refused(
    console: Flask, add_user: Callable[..., None], database: Database
) -> None:
    console.add_url_rule("/forgotten", "forgotten", lambda: "a face")
    add_user("anna", Role.ADMIN)
    person = Person(console)
    person.begin_session(database, "anna")
    assert person.get("/forgotten").status_code == 403
