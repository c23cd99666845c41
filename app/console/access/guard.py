"""Lets nobody in without a session or a token, and no form from another site."""

import hashlib
import hmac
from datetime import UTC, datetime

from flask import Flask, Response, abort, g, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from app.console.access.programs import Programs, is_for_programs
from app.console.access.roles import OPEN, WITH_ONE_TIME_PASSWORD, allows
from app.domain.users import Actor, User
from app.store import audit, sessions, users
from app.store.database import Database

COOKIE = "se3_session"
_TO_LOG_IN = ("logins.login", "oidc.login")  # whoever logs in may be logged in elsewhere
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guard(app: Flask, database: Database) -> None:
    """Have every request looked at before its page is: who asks, with which role, and whose form it is."""
    programs = Programs(database)

    @app.before_request
    def look() -> AnyResponse | None:
        if is_for_programs() and request.blueprint != "api_docs":  # its page is for people
            g.user = programs.let_in(lambda: _user(database))
            return None if allows(g.user.role, request.endpoint) else abort(403)
        g.user = None if request.endpoint == "static" else _user(database)
        if request.method == "POST":
            _require_own_form()
        if g.user is None:
            return None if request.endpoint in OPEN else _to_login()
        if g.user.has_one_time_password and request.endpoint not in WITH_ONE_TIME_PASSWORD:
            return redirect(url_for("logins.password"))
        return None if allows(g.user.role, request.endpoint) else abort(403)

    @app.after_request
    def close_off(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def actor() -> Actor:
    """The present user, as the audit log names them."""
    return Actor(g.user.name, request.remote_addr or "")


def note(database: Database, action: str, subject: str = "") -> None:
    """Add what the present user does, or sees, to the audit log.

    Raises:
        StoreUnavailable: it can't be, so it must not be done or seen.
    """
    with database.write() as connection:
        note_within(connection, action, subject)


def note_within(connection: Connection, action: str, subject: str = "") -> None:
    """The same in the transaction that does it."""
    audit.note(connection, g.user.name, request.remote_addr or "", action, subject)


def may_go_on(database: Database) -> bool:
    """Whether the present request would be let in now, too: a reply that lasts has to ask again.

    Raises:
        StoreUnavailable: nobody knows.
    """
    user = _user(database)
    return user is not None and not user.has_one_time_password and allows(user.role, request.endpoint)


def form_token() -> str:
    """What each form of the present session carries; another site can't know it."""
    return hashlib.sha256(b"form" + request.cookies.get(COOKIE, "").encode()).hexdigest()


def _user(database: Database) -> User | None:
    token, now = request.cookies.get(COOKIE), datetime.now(UTC)
    if not token:
        return None
    with database.read() as connection:
        user_id, is_stale = sessions.user_id_of(connection, token, now)
        user = users.get(connection, user_id) if user_id is not None else None
    if user is None or user.disabled_at:
        return None
    if is_stale:
        with database.write() as connection:
            sessions.touch(connection, token, now)
    return user


def _require_own_form() -> None:
    """Refuse a form that another site's page sent, or that none of this session's pages made."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    own = (f"http://{request.host}", f"https://{request.host}")
    if site not in ("same-origin", "none") or (origin and origin not in own):
        abort(403)
    if (
        g.user
        and request.endpoint not in _TO_LOG_IN
        and not hmac.compare_digest(request.form.get("form_token", "").encode(), form_token().encode())
    ):
        abort(403)


def _to_login() -> AnyResponse:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("logins.login", wanted=wanted))
