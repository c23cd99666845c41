"""se3 user: who may log in to the console."""

from collections.abc import Callable

import click

from app.cli.opening import local_time, open_store, show_table
from app.console.access.passwords import hash_of, new_password
from app.domain.users import Role, User
from app.errors import Se3Error
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
    help="viewer: sees; operator: retries and admits as well; admin: users too.",
)
def add(name: str, role: str) -> None:
    """Add a user, and print the password, which is good for one login."""
    password = new_password()
    with open_store() as database, database.write() as connection:
        store.add(connection, name, Role(role), hash_of(password))
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
    """Give a user a new password, which is good for one login, and log the user out."""
    password = new_password()
    _change(name, store.set_password, hash_of(password), is_one_time=True)
    _tell(name, password)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let a user in no more, and log the user out."""
    _change(name, store.disable)


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled user in again."""
    _change(name, store.enable)


def first_admin(database: Database) -> str | None:
    """Add the user admin where there are no users yet; returns the password, good for one login."""
    password = new_password()
    with database.write() as connection:
        if store.any_exists(connection):
            return None
        store.add(connection, "admin", Role.ADMIN, hash_of(password))
    return password


def _change(name: str, change: Callable[..., None], *values: object, **named: object) -> None:
    with open_store() as database, database.write() as connection:
        found = store.named(connection, name)
        if found is None:
            raise Se3Error(f"there is no user {name}; `se3 user list` shows all")
        change(connection, found, *values, **named)


def _state(one: User) -> str:
    if one.disabled_at:
        return f"disabled {local_time(one.disabled_at)}"
    return "has a password for one login" if one.has_one_time_password else ""


def _tell(name: str, password: str) -> None:
    click.echo(f"{name} can log in with the password {password}, once, and has to choose another then.")
