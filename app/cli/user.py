"""se3 user: who may log in to the console."""

import click

from app.cli.opening import at_the_terminal, local_time, open_store, show_table
from app.console.access import accounts
from app.domain.users import Role, User
from app.store import users as store
from app.store.database import Database

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """Manage who may log in to the console."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=_ROLES,
    default=Role.VIEWER.value,
    show_default=True,
    help="What the user may do: see, also repair, also manage users.",
)
def add(name: str, role: str) -> None:
    """Add a user, and print the password to log in with first."""
    with open_store() as database:
        password = accounts.add(database, at_the_terminal(), name, Role(role))
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
@click.argument("role", type=_ROLES)
def role(name: str, role: str) -> None:
    """Change what a user may do, and log the user out."""
    with open_store() as database:
        accounts.change_role(database, at_the_terminal(), name, Role(role))


@user.command()
@click.argument("name")
def passwd(name: str) -> None:
    """Give a user a new password to log in with first, and log the user out."""
    with open_store() as database:
        password = accounts.give_password(database, at_the_terminal(), name)
    _tell(name, password)


@user.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let a user in no more, and log the user out."""
    with open_store() as database:
        accounts.disable(database, at_the_terminal(), name)


@user.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled user in again."""
    with open_store() as database:
        accounts.enable(database, at_the_terminal(), name)


def first_admin(database: Database) -> str | None:
    """Add the user admin where there are no users yet; returns the password to log in with first."""
    with database.read() as connection:
        if store.any_exists(connection):
            return None
    return accounts.add(database, at_the_terminal(), "admin", Role.ADMIN)


def _state(one: User) -> str:
    if one.disabled_at:
        return f"disabled {local_time(one.disabled_at)}"
    return "has not chosen a password yet" if one.has_one_time_password else ""


def _tell(name: str, password: str) -> None:
    click.echo(f"{name} can log in with the password {password} and has to choose another then.")
