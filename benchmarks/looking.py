"""People who look at the console, each with a session."""

from datetime import UTC, datetime

import urllib3

from app.console.access.guard import COOKIE
from app.console.access.passwords import hash_of
from app.domain.users import Role
from app.store import sessions, users
from app.store.database import Database
from benchmarks.connection import HOST


def log_in(database: Database, number: int, role: Role = Role.VIEWER) -> list[str]:
    """Add so many users, each with a session; returns the sessions' tokens."""
    password_hash, tokens = hash_of("a password nobody types"), []
    with database.write() as connection:
        for name in (f"{role} {index}" for index in range(number)):
            users.add(connection, name, role, password_hash)
            user = users.named(connection, name)
            assert user
            users.set_password(connection, user, password_hash, is_one_time=False)
            tokens.append(sessions.begin(connection, user.id, datetime.now(UTC)))
    return tokens


def connected(port: int, token: str, seconds: float) -> urllib3.HTTPConnectionPool:
    """Connections to the console on this port, in the session of this token; each reply may take so long."""
    headers = {"Cookie": f"{COOKIE}={token}"}
    return urllib3.HTTPConnectionPool(HOST, port, headers=headers, timeout=seconds, retries=False)
