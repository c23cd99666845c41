"""What happens once the OpenID Connect provider has said who somebody is: a session, or a link."""

from datetime import UTC, datetime

from flask import abort, g, redirect, request
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from app.console.access import guard, passwords
from app.console.access.handshake import LoginRefused
from app.console.access.logins import with_cookie
from app.domain.users import User
from app.store import audit, oidc, sessions, users
from app.store.database import Database
from app.store.oidc import Attempt


def log_in(database: Database, issuer: str, subject: str, path: str) -> AnyResponse:
    """Begin a session of the user who is linked with this subject, and lead to `path`.

    Raises:
        LoginRefused: there is no such user, or the user is disabled.
    """
    with database.write() as connection:
        user = _linked(connection, issuer, subject)
        if user is None or user.disabled_at:
            raise LoginRefused(403, "disabled" if user else "linked with no user", _nobody())
        audit.note(connection, user.name, request.remote_addr or "", "logged_in", f"{issuer} {subject}")
        token = sessions.begin(connection, user.id, datetime.now(UTC))
    return with_cookie(redirect(path), token)


def link(database: Database, issuer: str, subject: str, attempt: Attempt) -> AnyResponse:
    """Have the present user log in as this subject from now on; a one-time password is then good no more.

    Raises:
        LoginRefused: somebody else is logged in than at the attempt's begin, or the subject is another user.
    """
    if not g.user or g.user.id != attempt.user_id:
        again = gettext("You are not logged in as before. Begin again.")
        raise LoginRefused(403, "another session", again)
    password_hash = passwords.hash_of(passwords.new_password())  # which nobody learns
    now = datetime.now(UTC)
    with database.write() as connection:
        if users.locked(connection, g.user.id) != g.user:
            abort(403)
        if not oidc.link(connection, g.user.id, issuer, subject, now):
            other = gettext("Your account there is linked with another user here.")
            raise LoginRefused(409, "linked with another user", other)
        if g.user.has_one_time_password:
            users.set_password(connection, g.user, password_hash, is_one_time=False)
        sessions.end(connection, request.cookies[guard.COOKIE])
        token = sessions.begin(connection, g.user.id, now)
        audit.note(connection, g.user.name, request.remote_addr or "", "oidc_linked", f"{issuer} {subject}")
    return with_cookie(redirect(attempt.wanted), token)


def _linked(connection: Connection, issuer: str, subject: str) -> User | None:
    """The user who is linked with this subject, locked; asked again then, for a link may just have ended."""
    user_id = oidc.user_id_of(connection, issuer, subject)
    user = None if user_id is None else users.locked(connection, user_id)
    return user if oidc.user_id_of(connection, issuer, subject) == user_id else None


def _nobody() -> str:
    return str(
        gettext(
            "No user who may log in is linked with your account there."
            " Log in with your password, click your name at the top, and link them."
        )
    )
