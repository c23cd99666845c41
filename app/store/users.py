"""Users of the console."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from app.domain.users import Role, User
from app.errors import Se3Error
from app.store.models import UserRow
from app.store.sessions import end_all
from app.store.statements import insert_missing

_COLUMNS = (
    UserRow.id,
    UserRow.name,
    UserRow.role,
    UserRow.password_hash,
    UserRow.has_one_time_password,
    UserRow.created_at,
    UserRow.disabled_at,
)


class NameTaken(Se3Error):
    """There is a user of this name."""


def add(connection: Connection, name: str, role: Role, password_hash: str) -> None:
    """Add a user, who has to change the password at the first login.

    Raises:
        NameTaken: there is one of this name.
    """
    values = {"name": name, "role": role, "password_hash": password_hash, "has_one_time_password": True}
    statement = insert_missing(connection, UserRow).values(values | {"created_at": datetime.now(UTC)})
    if connection.scalar(statement.returning(UserRow.id)) is None:
        raise NameTaken(f"there is a user {name} already")


def named(connection: Connection, name: str) -> User | None:
    """The user of this name, or None."""
    return _one(connection, UserRow.name == name)


def get(connection: Connection, user_id: int) -> User | None:
    """The user with this id, or None."""
    return _one(connection, UserRow.id == user_id)


def locked(connection: Connection, user_id: int) -> User | None:
    """The user with this id as of now, or None; nobody changes them until the transaction has ended."""
    return _one(connection, UserRow.id == user_id, is_locked=True)


def listed(connection: Connection) -> list[User]:
    """All users, by name."""
    return [_user(row) for row in connection.execute(select(*_COLUMNS).order_by(UserRow.name))]


def any_exists(connection: Connection) -> bool:
    """Whether there is any user yet."""
    return bool(connection.scalar(select(func.count()).select_from(UserRow)))


def set_password(connection: Connection, user: User, password_hash: str, *, is_one_time: bool) -> None:
    """Change a user's password; whoever is logged in with the old one no longer is."""
    _change(connection, user, password_hash=password_hash, has_one_time_password=is_one_time)


def set_role(connection: Connection, user: User, role: Role) -> None:
    """Change what a user may do; the user has to log in again."""
    _change(connection, user, role=role)


def is_last_admin(connection: Connection, user: User) -> bool:
    """Whether nobody else may manage users; nobody changes that until the transaction has ended."""
    is_admin = UserRow.role == Role.ADMIN
    query = select(UserRow.id).where(is_admin, UserRow.disabled_at.is_(None)).order_by(UserRow.id)
    return list(connection.scalars(query.with_for_update())) == [user.id]


def disable(connection: Connection, user: User) -> None:
    """Let a user in no more."""
    _change(connection, user, disabled_at=datetime.now(UTC))


def enable(connection: Connection, user: User) -> None:
    """Let a disabled user in again."""
    _change(connection, user, disabled_at=None)


def _change(connection: Connection, user: User, **values: object) -> None:
    connection.execute(update(UserRow).where(UserRow.id == user.id).values(values))
    end_all(connection, user.id)


def _one(connection: Connection, condition: ColumnElement[bool], *, is_locked: bool = False) -> User | None:
    query = select(*_COLUMNS).where(condition)
    row = connection.execute(query.with_for_update() if is_locked else query).one_or_none()
    return None if row is None else _user(row)


def _user(row: Any) -> User:
    return User(**row._asdict() | {"role": Role(row.role)})
