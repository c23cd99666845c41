"""The console's app on a fresh database, and people who use it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from app.config import Settings
from app.console.access.guard import COOKIE
from app.console.application import create_console
from app.domain.users import Role
from app.store import audit, sessions, users
from app.store.database import Database

PASSWORD = "a long password"
_HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")  # a cheap one: it is checked often here
_TOKEN = re.compile(r'name="form_token" value="(\w+)"')


class CompiledTemplates(BytecodeCache):
    """Templates that were compiled once: every test has an app of its own, with the same ones."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_COMPILED = CompiledTemplates()


class Person:
    """A browser without JavaScript."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def send(self, path: str, *, token: str | None = None, **fields: str) -> TestResponse:
        """Send a form, with the token that the page has which it stands on."""
        if token is None:
            found = _TOKEN.search(self.client.get("/password").text)
            token = found[1] if found else ""
        return self.client.post(path, data={"form_token": token, **fields})

    def log_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        return self.client.post("/login", data={"name": name, "password": password})

    def begin_session(self, database: Database, name: str) -> None:
        """Be logged in without the password, whose hash takes its time."""
        with database.write() as connection:
            user: Any = users.named(connection, name)
            token = sessions.begin(connection, user.id, datetime.now(UTC))
            audit.note(connection, name, "127.0.0.1", "logged_in")
        self.client.set_cookie(COOKIE, token)


@pytest.fixture
def console(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_console(
        Settings(database_url=database_url, spool_path=tmp_path / "spool.db", disk_floor_mb=0)
    )
    app.jinja_env.bytecode_cache = _COMPILED
    yield app
    app.extensions["database"].close()


@pytest.fixture
def add_user(database: Database) -> Callable[..., None]:
    """Adds a user, who has chosen the password already."""

    def add(name: str, role: Role = Role.VIEWER, *, is_one_time: bool = False) -> None:
        with database.write() as connection:
            users.add(connection, name, role, _HASH)
            if not is_one_time:
                user: Any = users.named(connection, name)
                users.set_password(connection, user, _HASH, is_one_time=False)

    return add


@pytest.fixture
def stranger(console: Flask) -> Person:
    return Person(console)


@pytest.fixture
def viewer(console: Flask, add_user: Callable[..., None], database: Database) -> Person:
    """Somebody who is logged in."""
    add_user("anna")
    person = Person(console)
    person.begin_session(database, "anna")
    return person


@pytest.fixture
def operator(console: Flask, add_user: Callable[..., None], database: Database) -> Person:
    """An operator who is logged in."""
    add_user("otto", Role.OPERATOR)
    person = Person(console)
    person.begin_session(database, "otto")
    return person


@pytest.fixture
def admin(console: Flask, add_user: Callable[..., None], database: Database) -> Person:
    """An admin who is logged in."""
    add_user("root", Role.ADMIN)
    person = Person(console)
    person.begin_session(database, "root")
    return person
