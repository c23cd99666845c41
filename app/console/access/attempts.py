"""Looks at names and passwords, one at a time, and at no more once too many were wrong."""

import threading
from datetime import UTC, datetime

import structlog

from app.console.access import passwords
from app.domain.users import User
from app.errors import Se3Error
from app.store import sessions, users
from app.store.database import Database

_one_at_a_time = threading.Lock()  # so that none is begun before the failures of all others count
log = structlog.get_logger(__name__)


class TooManyFailures(Se3Error):
    """Too many attempts with this name, or from this address, have failed."""


def check(database: Database, name: str, password: str, source_address: str) -> User | None:
    """The user of this name and password, or None: there is none, or the user is disabled.

    Raises:
        TooManyFailures: it was not looked at.
    """
    with _one_at_a_time:
        now = datetime.now(UTC)
        with database.read() as connection:
            may_try = sessions.may_try(connection, name, source_address, now)
            user = users.named(connection, name)
        if not may_try:
            log.warning("login_refused", source=source_address, reason="too many failed")
            raise TooManyFailures("too many attempts failed")
        is_right = passwords.is_right(user.password_hash if user else None, password)
        if is_right and user and not user.disabled_at:
            return user
        with database.write() as connection:
            sessions.note_failure(connection, name, source_address, now)
    log.warning("login_refused", source=source_address, reason="wrong name or password")
    return None
