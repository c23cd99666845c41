"""Sessions: who is logged in, by a token that only the browser keeps; and logins that failed."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from app.store.models import FailedLoginRow, SessionRow

IDLE = timedelta(hours=12)
"""A session ends when nothing was asked in it for so long."""

PERIOD = timedelta(minutes=15)
"""How long a failed login counts."""

MOST_FAILURES_OF_NAME, MOST_FAILURES_OF_ADDRESS = 5, 50  # within PERIOD; many people may share an address
_TOUCHED = timedelta(minutes=5)  # a write at each request would be many


def begin(connection: Connection, user_id: int, now: datetime) -> str:
    """Begin a session; returns its token."""
    token = secrets.token_urlsafe(32)
    connection.execute(delete(SessionRow).where(SessionRow.used_at < now - IDLE))
    row = {"token_sha256": _sha256(token), "user_id": user_id, "used_at": now}
    connection.execute(insert(SessionRow).values(row))
    return token


def user_id_of(connection: Connection, token: str, now: datetime) -> tuple[int | None, bool]:
    """Whose session this is, None if nobody's; and whether it should be touched."""
    query = select(SessionRow.user_id, SessionRow.used_at).where(SessionRow.token_sha256 == _sha256(token))
    row = connection.execute(query).one_or_none()
    if row is None or row.used_at < now - IDLE:
        return None, False
    return row.user_id, row.used_at < now - _TOUCHED


def touch(connection: Connection, token: str, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(
        update(SessionRow).where(SessionRow.token_sha256 == _sha256(token)).values(used_at=now)
    )


def end(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(SessionRow).where(SessionRow.token_sha256 == _sha256(token)))


def end_all(connection: Connection, user_id: int) -> None:
    """End every session of a user."""
    connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))


def note_failure(connection: Connection, name: str, source_address: str, now: datetime) -> None:
    """Count a login that failed."""
    connection.execute(delete(FailedLoginRow).where(FailedLoginRow.at < now - PERIOD))
    row = {"at": now, "name": name, "source_address": source_address}
    connection.execute(insert(FailedLoginRow).values(row))


def may_try(connection: Connection, name: str, source_address: str, now: datetime) -> bool:
    """Whether another login of this name, or from this address, is to be looked at."""
    since = FailedLoginRow.at.between(
        now - PERIOD, now + PERIOD
    )  # later ones are a clock's that was put back
    failures = select(func.count()).select_from(FailedLoginRow).where(since)
    of_name = connection.scalar(failures.where(FailedLoginRow.name == name)) or 0
    of_address = connection.scalar(failures.where(FailedLoginRow.source_address == source_address)) or 0
    return of_name < MOST_FAILURES_OF_NAME and of_address < MOST_FAILURES_OF_ADDRESS


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
