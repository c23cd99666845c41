"""Tokens of the API: only their SHA-256 is kept."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, exists, insert, select, update

from app.domain.tokens import ApiToken
from app.domain.users import Role
from app.errors import Se3Error
from app.store.models import ApiTokenRow

_TOUCHED = timedelta(minutes=5)  # a write at each request would be many
_COLUMNS = (
    ApiTokenRow.name,
    ApiTokenRow.role,
    ApiTokenRow.created_at,
    ApiTokenRow.expires_at,
    ApiTokenRow.used_at,
)


def add(connection: Connection, name: str, role: Role, expires_at: datetime | None) -> str:
    """Add a token; returns it, for it can't be read again.

    Raises:
        Se3Error: there is one of this name.
    """
    if connection.scalar(select(exists().where(ApiTokenRow.name == name))):
        raise Se3Error(f"there is a token {name} already; `se3 token revoke` makes room for another")
    token = f"se3_{secrets.token_urlsafe(32)}"  # 256 bits: guesses need no counting
    values = {"name": name, "role": role, "token_sha256": digest(token), "expires_at": expires_at}
    connection.execute(insert(ApiTokenRow).values(values | {"created_at": datetime.now(UTC)}))
    return token


def good_token(connection: Connection, token: str, now: datetime) -> tuple[ApiToken | None, bool]:
    """What is known of a token, None if it is wrong, expired or revoked; and whether it should be touched."""
    query = select(*_COLUMNS).where(ApiTokenRow.token_sha256 == digest(token))
    row = connection.execute(query).one_or_none()
    found = _token(*row) if row else None
    if found is None or not found.is_good(now):
        return None, False
    return found, found.used_at is None or found.used_at < now - _TOUCHED


def touch(connection: Connection, token: str, now: datetime) -> None:
    """Note that a token is in use."""
    connection.execute(
        update(ApiTokenRow).where(ApiTokenRow.token_sha256 == digest(token)).values(used_at=now)
    )


def listed(connection: Connection) -> list[ApiToken]:
    """All tokens, by name, those that have expired too."""
    return [_token(*row) for row in connection.execute(select(*_COLUMNS).order_by(ApiTokenRow.name))]


def revoke(connection: Connection, name: str) -> bool:
    """Delete a token, which lets nobody in any more; returns whether there was one."""
    return connection.execute(delete(ApiTokenRow).where(ApiTokenRow.name == name)).rowcount > 0


def _token(
    name: str, role: str, created_at: datetime, expires_at: datetime | None, used_at: datetime | None
) -> ApiToken:
    return ApiToken(name, Role(role), created_at, expires_at, used_at)


def digest(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
