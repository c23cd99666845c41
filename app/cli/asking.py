"""Asks before something is changed that many rows, or others, depend on."""

import sys

import click

from app.errors import Se3Error

yes_option = click.option("--yes", is_flag=True, help="Don't ask; needed where there is no terminal.")


def ask(what: str, *, yes: bool) -> None:
    """Return if a person at the terminal agrees to `what`, a sentence without its dot, or `yes` was given.

    Raises:
        Se3Error: they don't, or there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Se3Error(f"{what}, if you say --yes: there is no terminal to ask on. Nothing was changed")
    if not click.confirm(f"{what}. Proceed?", err=True):
        raise Se3Error("nothing was changed")
