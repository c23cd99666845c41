"""se3 user: who may log in to the console."""

from collections.abc import Callable
from typing import Any

import click

from app.cli.opening import at_the_terminal, local_time, open_store, show_table
from app.console.access.passwords import hash_of, new_password
from app.domain.users import Role, User, clean_name
from app.errors import Se3Error
from app.store import audit
from app.store import users as store
from app.store.database import Database


@click.group()
def user() -> None:
    """Manage who may log in to the console."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="What the user may do; so far all see the same.",
)
def add(name: str, role: str) -> None:
    """Add a user, and print the password to log in with first."""
    if not clean_name(name):
        raise Se3Error("a name has 1 to 100 printable characters")
    password = new_password()
    password_hash = hash_of(password)
    with open_store() as database, database.write() as connection:
        store.add(connection, clean_name(name), Role(role), password_hash)
        _note(connection, "user_added", f"{clean_name(name)} {role}")
    _tell(name, password)


@user.command("list")
def list_users() -> None:
    """List all users."""
    with open_store() as database, database.read() as connection:
        found = store.listed(connection)
    rows = [[one.name, one.role, local_time(one.created_at), _state(one)] for one in found]
    show_table("users", ["name", "role", "added", "state"], rows)


@user.command()
@click.argument("name")
def passwd(name: str) -> None:
    """Give a user a new password to log in with first, and log the user out."""
    password = new_password()
    _change(name, "password_given", store.set_password, hash_of(password), is_one_time=True)
    _tell(name, password)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let a user in no more, and log the user out."""
    _change(name, "user_disabled", store.disable)


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled user in again."""
    _change(name, "user_enabled", store.enable)


def first_admin(database: Database) -> str | None:
    """Add the user admin where there are no users yet; returns the password to log in with first."""
    password = new_password()
    with database.read() as connection:
        if store.any_exists(connection):
            return None
    password_hash = hash_of(password)
    with database.write() as connection:
        store.add(connection, "admin", Role.ADMIN, password_hash)
        _note(connection, "user_added", f"admin {Role.ADMIN}")
    return password


def _change(name: str, action: str, change: Callable[..., None], *values: object, **named: object) -> None:
    with open_store() as database, database.write() as connection:
        found = store.named(connection, clean_name(name))
        if found is None:
            raise Se3Error(f"there is no user {name}; `se3 user list` shows all")
        change(connection, found, *values, **named)
        _note(connection, action, found.name)


def _note(connection: Any, action: str, subject: str) -> None:
    """Add what was done at the machine's terminal to the audit log."""
    audit.note(connection, at_the_terminal().name, "", action, subject)


def _state(one: User) -> str:
    if one.disabled_at:
        return f"disabled {local_time(one.disabled_at)}"
    return "has not chosen a password yet" if one.has_one_time_password else ""


def _tell(name: str, password: str) -> None:
    click.echo(f"{name} can log in with the password {password} and has to choose another then.")
