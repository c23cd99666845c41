"""Passwords: only their hashes are kept."""

import functools
import secrets

from werkzeug.security import check_password_hash, generate_password_hash

SHORTEST = 10  # characters


def new_password() -> str:
    """A password to log in with first: its user has to choose another then."""
    return secrets.token_urlsafe(12)


def hash_of(password: str) -> str:
    """What is kept of a password: scrypt, with a salt."""
    return generate_password_hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; takes as long where there is no such user (None)."""
    return check_password_hash(password_hash or _of_nobody(), password) and password_hash is not None


@functools.cache
def _of_nobody() -> str:
    return generate_password_hash(secrets.token_hex())
