"""se3 token: which programs may ask the API."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from app.cli.opening import local_time, open_store, show_table
from app.domain.tokens import ApiToken
from app.domain.users import Role, clean_name
from app.errors import Se3Error
from app.store import api_tokens as store
from app.store import audit

_LONGEST_DAYS = 36500


@click.group()
def token() -> None:
    """Manage the tokens with which programs ask the API."""


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.VIEWER.value,
    show_default=True,
    help="A viewer reads, an operator also retries, drops, admits, discards, an admin also forgets people.",
)
@click.option(
    "--days", type=click.IntRange(1, _LONGEST_DAYS), help="For how long it is good; for ever unless given."
)
def add(name: str, role: str, days: int | None) -> None:
    """Add a token, and print it: it can't be shown again."""
    if not clean_name(name):
        raise Se3Error("a name has 1 to 100 printable characters")
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    with open_store() as database, database.write() as connection:
        made = store.add(connection, clean_name(name), Role(role), expires_at)
        _note(connection, "token_added", f"{clean_name(name)} {role}")
    click.echo(made)


@token.command("list")
def list_tokens() -> None:
    """List all tokens, without what is secret of them."""
    with open_store() as database, database.read() as connection:
        found = store.listed(connection)
    rows = [[one.name, one.role, local_time(one.created_at), _used(one), _expiry(one)] for one in found]
    show_table("tokens", ["name", "role", "added", "last used", "good until"], rows)


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Delete a token: it lets nobody in any more."""
    with open_store() as database, database.write() as connection:
        if not store.revoke(connection, clean_name(name)):
            raise Se3Error(f"there is no token {name}; `se3 token list` shows all")
        _note(connection, "token_revoked", clean_name(name))
    click.echo(f"Token {clean_name(name)} is revoked.")


def _note(connection: Any, action: str, subject: str) -> None:
    """Add what was done at the machine's terminal to the audit log."""
    audit.note(connection, f"uid {os.getuid()} at the terminal", "", action, subject)


def _used(one: ApiToken) -> str:
    return local_time(one.used_at) if one.used_at else "never"


def _expiry(one: ApiToken) -> str:
    if one.expires_at is None:
        return "it is revoked"
    ended = "" if one.is_good(datetime.now(UTC)) else ", has expired"
    return f"{local_time(one.expires_at)}{ended}"
