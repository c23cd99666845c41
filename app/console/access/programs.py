"""Lets programs in that ask the API: by a token, or to read, by the session of a person."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Never

import structlog
from flask import abort, request
from werkzeug.datastructures import WWWAuthenticate

from app.domain.tokens import ApiToken, Program, program_with
from app.domain.users import User
from app.errors import StoreUnavailable
from app.store import api_tokens
from app.store.database import Database
from app.telemetry.asking import SCRAPE_SECONDS, asked_soon

_READING = ("GET", "HEAD", "OPTIONS")
_SCHEME = "bearer "
_METRICS = "/metrics"
_LONGEST_PAUSE_SECONDS = 300.0
log = structlog.get_logger(__name__)


def is_for_programs() -> bool:
    """Whether the present request is one of those that programs make, and that get no page."""
    return request.path.startswith("/api/") or request.path == _METRICS


class Programs:
    """Whom the API lets in."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database
        self._good: dict[bytes, tuple[ApiToken, float]] = {}  # that /metrics was asked with, and when

    def let_in(self, logged_in: Callable[[], User | None]) -> Program | User:
        """Who makes the present request; `logged_in` finds whose session it comes with, if any.

        What changes something needs a token, which no other site's page can send: so forms' tokens are not
        asked for here. Nobody else gets through: the request ends with 401 or 403.

        Raises:
            StoreUnavailable: the database can't be asked who it is.
        """
        token = _token()
        if token is not None:
            return self._program(token) or _refuse("The token is wrong, has expired or was revoked.", token)
        user = logged_in()
        if user is None or request.method not in _READING:
            _refuse("Send a token, as in `Authorization: Bearer se3_...`; `se3 token add` makes one.")
        if user.has_one_time_password:
            abort(403, "Choose a password of your own first: log in to the console.")
        return user

    def _program(self, token: str) -> Program | None:
        is_for_metrics = request.path == _METRICS
        found = self._last_good(token) if is_for_metrics else _good_token(self._database, token)
        if found is None:
            log.warning("token_refused", source=request.remote_addr)
            return None
        return program_with(found)

    def _last_good(self, token: str) -> ApiToken | None:
        """A token that is good; while the database can't be asked, one that was and has gone on asking.

        Else nobody could watch what happens then. One that paused may have been revoked before.
        """
        digest, now = api_tokens.digest(token), time.monotonic()
        known, asked_at = self._good.get(digest, (None, -math.inf))
        try:
            found = asked_soon(self._database, lambda asked: _good_token(asked, token), SCRAPE_SECONDS)
        except StoreUnavailable:
            if known is None or now - asked_at > _LONGEST_PAUSE_SECONDS:
                raise
            found = known if known.is_good(datetime.now(UTC)) else None
        if found is None:
            self._good.pop(digest, None)
        else:
            self._good[digest] = found, now
        return found


def _token() -> str | None:
    """The token that was sent, None if none was; other schemes are a proxy's matter."""
    sent = request.headers.get("Authorization", "")
    is_bearer = f"{sent} "[: len(_SCHEME)].lower() == _SCHEME
    return sent[len(_SCHEME) :].strip() if is_bearer else None


def _good_token(database: Database, token: str) -> ApiToken | None:
    now = datetime.now(UTC)
    with database.read() as connection:
        found, is_stale = api_tokens.good_token(connection, token, now)
    if is_stale:
        with database.write() as connection:
            api_tokens.touch(connection, token, now)
    return found


def _refuse(detail: str, token: str | None = None) -> Never:
    """401, as RFC 6750 has it."""
    why = {} if token is None else {"error": "invalid_token"}
    abort(401, detail, www_authenticate=WWWAuthenticate("bearer", {"realm": "SE3 receiver", **why}))
