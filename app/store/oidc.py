"""Logins by OpenID Connect: which subject of the provider is which user, and attempts that are under way."""

import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from app.store.models import OidcAttemptRow, OidcLoginRow
from app.store.statements import insert_missing

LASTS = timedelta(minutes=10)
"""How long a person may take at the provider."""

MOST_ATTEMPTS = 1000
"""Attempts to log in under way at a time: strangers can begin them, and must not fill the disk."""

MOST_OF_ADDRESS = 20
"""The same from one address, so that one stranger does not keep all others from logging in."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`user_id`: the user to link, None to log in; `wanted`: the path of the page to show then."""

    user_id: int | None
    wanted: str
    source_address: str


def has_room(connection: Connection, attempt: Attempt, now: datetime) -> bool:
    """Whether it may be begun: False if too many logins are under way. A user who links is no stranger."""
    is_one = (OidcAttemptRow.user_id.is_(None), OidcAttemptRow.begun_at >= now - LASTS)
    is_theirs = OidcAttemptRow.source_address == attempt.source_address
    counts = select(func.count(), func.count().filter(is_theirs)).where(*is_one)
    of_all, theirs = connection.execute(counts).one()
    return attempt.user_id is not None or (of_all < MOST_ATTEMPTS and theirs < MOST_OF_ADDRESS)


def begin(connection: Connection, token: str, attempt: Attempt, now: datetime) -> bool:
    """Note an attempt of the browser that has this token; False if too many are under way."""
    connection.execute(delete(OidcAttemptRow).where(OidcAttemptRow.begun_at < now - LASTS))
    if not has_room(connection, attempt, now):
        return False
    row = {"token_sha256": _sha256(token), "begun_at": now} | dataclasses.asdict(attempt)
    connection.execute(insert(OidcAttemptRow).values(row))
    return True


def take(connection: Connection, token: str, now: datetime) -> Attempt | None:
    """End the attempt of the browser that has this token; None if there is none that is young enough."""
    is_it = OidcAttemptRow.token_sha256 == _sha256(token)
    columns = (OidcAttemptRow.begun_at, *(getattr(OidcAttemptRow, name) for name in Attempt.__slots__))
    row = connection.execute(delete(OidcAttemptRow).where(is_it).returning(*columns)).one_or_none()
    return None if row is None or row.begun_at < now - LASTS else Attempt(*row[1:])


def user_id_of(connection: Connection, issuer: str, subject: str) -> int | None:
    """Which user a subject is, None if nobody."""
    is_it = (OidcLoginRow.issuer == issuer, OidcLoginRow.subject == subject)
    return connection.scalar(select(OidcLoginRow.user_id).where(*is_it))


def link(connection: Connection, user_id: int, issuer: str, subject: str, now: datetime) -> bool:
    """Let a user log in as this subject and as no other; False if the subject is another user.

    Where it is False, roll the transaction back.
    """
    unlink(connection, user_id)
    row = {"user_id": user_id, "issuer": issuer, "subject": subject, "linked_at": now}
    statement = insert_missing(connection, OidcLoginRow).values(row).returning(OidcLoginRow.user_id)
    return connection.scalar(statement) is not None


def unlink(connection: Connection, user_id: int) -> None:
    """Let a user log in by password only; an attempt to link the user again is given up."""
    connection.execute(delete(OidcLoginRow).where(OidcLoginRow.user_id == user_id))
    connection.execute(delete(OidcAttemptRow).where(OidcAttemptRow.user_id == user_id))


def linked(connection: Connection) -> set[int]:
    """The ids of all users who may log in by OpenID Connect."""
    return set(connection.scalars(select(OidcLoginRow.user_id)))


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
