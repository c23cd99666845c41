"""What is done to users, in the browser or at the terminal, each with its entry in the audit log."""

from typing import Any

from app.console.access.passwords import hash_of, new_password
from app.domain.users import Actor, Role, User, clean_name
from app.errors import Se3Error
from app.store import audit, oidc, users
from app.store.database import Database


class WrongName(Se3Error):
    """Nobody could type this name."""


class NoSuchUser(Se3Error):
    """There is no user of this name."""


class LastAdmin(Se3Error):
    """Nobody would be left who may manage users."""


def add(database: Database, actor: Actor, name: str, role: Role) -> str:
    """Add a user; returns the password to log in with first, which is kept nowhere.

    Raises:
        WrongName: no user can have this name.
        NameTaken: there is a user of this name.
    """
    if not clean_name(name):
        raise WrongName("a name has 1 to 100 printable characters")
    password = new_password()
    password_hash = hash_of(password)  # takes its time: before the transaction
    with database.write() as connection:
        users.add(connection, clean_name(name), role, password_hash)
        audit.note(connection, actor.name, actor.source_address, "user_added", f"{clean_name(name)} {role}")
    return password


def give_password(database: Database, actor: Actor, name: str) -> str:
    """Give a user a new password to log in with first, and return it; every other way in is closed.

    Raises:
        NoSuchUser: there is none of this name.
    """
    password = new_password()
    password_hash = hash_of(password)
    with database.write() as connection:
        user = _named(connection, name)
        users.set_password(connection, user, password_hash, is_one_time=True)
        oidc.unlink(connection, user.id)
        audit.note(connection, actor.name, actor.source_address, "password_given", user.name)
    return password


def change_role(database: Database, actor: Actor, name: str, role: Role) -> None:
    """Give a user another role, and log the user out.

    Raises:
        NoSuchUser: there is none of this name.
        LastAdmin: only this user may manage users.
    """
    with database.write() as connection:
        user = _named(connection, name)
        if role is not Role.ADMIN:
            _require_another_admin(connection, user)
        users.set_role(connection, user, role)
        audit.note(connection, actor.name, actor.source_address, "role_changed", f"{user.name} {role}")


def disable(database: Database, actor: Actor, name: str) -> None:
    """Let a user in no more, and log the user out.

    Raises:
        NoSuchUser, LastAdmin: as above.
    """
    with database.write() as connection:
        user = _named(connection, name)
        _require_another_admin(connection, user)
        users.disable(connection, user)
        audit.note(connection, actor.name, actor.source_address, "user_disabled", user.name)


def enable(database: Database, actor: Actor, name: str) -> None:
    """Let a disabled user in again.

    Raises:
        NoSuchUser: there is none of this name.
    """
    with database.write() as connection:
        user = _named(connection, name)
        users.enable(connection, user)
        audit.note(connection, actor.name, actor.source_address, "user_enabled", user.name)


def _named(connection: Any, name: str) -> User:
    found = users.named(connection, clean_name(name))
    if found is None:
        raise NoSuchUser(f"there is no user {name}; `se3 user list` shows all")
    return found


def _require_another_admin(connection: Any, user: User) -> None:
    if users.is_last_admin(connection, user):
        raise LastAdmin(f"{user.name} is the only admin who may log in: make somebody else an admin first")
