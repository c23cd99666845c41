"""Somebody who looks at the console, with a browser that shows nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import urllib3

from app.console.access.passwords import hash_of
from app.domain.users import Role
from app.store import users
from app.store.database import Database
from benchmarks.connection import HOST

_NAME, _PASSWORD = "reader", "reader's password"


def add_reader(database: Database) -> None:
    """Add the user as whom a `Reader` logs in."""
    with database.write() as connection:
        users.add(connection, _NAME, Role.ADMIN, hash_of(_PASSWORD))
        user = users.named(connection, _NAME)
        if user is None:
            raise RuntimeError("a user who was added is not there")
        users.set_password(connection, user, user.password_hash, is_one_time=False)


class Reader:
    """A login at the console on this port."""

    def __init__(self, port: int) -> None:
        """Log in.

        Raises:
            RuntimeError: the console did not let us in.
        """
        self._pool = urllib3.HTTPConnectionPool(HOST, port, timeout=60)
        form = urlencode({"name": _NAME, "password": _PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = self._pool.request("POST", "/login", body=form, headers=headers, redirect=False)
        found = re.search(r"se3_session=[^;]+", reply.headers.get("Set-Cookie", ""))
        if found is None:
            raise RuntimeError(f"the console answered the login with {reply.status}")
        self.headers = {"Cookie": found[0]}

    @contextmanager
    def get(self, path: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """Ask for a page; entered once its head is here, left without the rest.

        Raises:
            RuntimeError: it is none.
        """
        reply = self._pool.request("GET", path, headers=self.headers, preload_content=False, redirect=False)
        try:
            if reply.status != 200:
                raise RuntimeError(f"{path} was answered with {reply.status}")
            yield reply
        finally:
            reply.close()
