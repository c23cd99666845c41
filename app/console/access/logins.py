"""The pages to log in, to log out, and to change one's password."""

from datetime import UTC, datetime

import structlog
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.console.access import passwords
from app.console.access.guard import COOKIE, note
from app.domain.users import User
from app.store import audit, sessions, users
from app.store.database import Database

Reply = AnyResponse | str | tuple[str, int]

log = structlog.get_logger(__name__)


def create_logins(database: Database) -> Blueprint:
    """Build the pages."""
    logins = Blueprint("logins", __name__)

    @logins.route("/login", methods=["GET", "POST"])
    def login() -> Reply:
        if request.method == "GET":
            return redirect(url_for("overview.show")) if g.user else render_template("login.html")
        return _log_in(database, request.form.get("name", "").strip(), request.form.get("password", ""))

    @logins.post("/logout")
    def logout() -> Reply:
        note(database, "logged_out")
        with database.write() as connection:
            sessions.end(connection, request.cookies[COOKIE])
        response = redirect(url_for("logins.login"))
        response.delete_cookie(COOKIE)
        return response

    @logins.route("/password", methods=["GET", "POST"])
    def password() -> Reply:
        if request.method == "GET":
            return render_template("password.html", shortest=passwords.SHORTEST)
        if problem := _wrong_with(request.form.get("old", ""), request.form.get("new", "")):
            return render_template("password.html", problem=problem, shortest=passwords.SHORTEST), 422
        return _change_password(database, request.form["new"])

    return logins


def _log_in(database: Database, name: str, password: str) -> Reply:
    now, address = datetime.now(UTC), request.remote_addr or ""
    with database.read() as connection:
        may_try, user = sessions.may_try(connection, name, address, now), users.named(connection, name)
    if not may_try:
        log.warning("login_refused", source=address, reason="too many failed")
        return render_template("login.html", problem=gettext("Too many logins failed. Wait 15 minutes.")), 429
    if not passwords.is_right(user.password_hash if user else None, password) or not user or user.disabled_at:
        return _login_failed(database, name, address, now)
    with database.write() as connection:
        token = sessions.begin(connection, user.id, now)
        audit.note(connection, user.name, address, "logged_in")
    return _with_cookie(redirect(_wanted()), token)


def _login_failed(database: Database, name: str, address: str, now: datetime) -> Reply:
    with database.write() as connection:
        sessions.note_failure(connection, name, address, now)
    log.warning("login_refused", source=address, reason="wrong name or password")
    return render_template("login.html", problem=gettext("The name or the password is wrong.")), 401


def _wrong_with(old: str, new: str) -> str | None:
    user: User = g.user
    if not passwords.is_right(user.password_hash, old):
        return str(gettext("The old password is wrong."))
    if len(new) < passwords.SHORTEST or new == old:
        shortest = passwords.SHORTEST
        return str(gettext("Choose another password, of %(number)s characters or more.", number=shortest))
    return None


def _change_password(database: Database, new: str) -> Reply:
    now = datetime.now(UTC)
    with database.write() as connection:
        users.set_password(connection, g.user, passwords.hash_of(new), is_one_time=False)
        token = sessions.begin(connection, g.user.id, now)
        audit.note(connection, g.user.name, request.remote_addr or "", "password_changed")
    return _with_cookie(redirect(url_for("overview.show")), token)


def _with_cookie(response: AnyResponse, token: str) -> AnyResponse:
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def _wanted() -> str:
    """The page that was asked for before the login; never one of another site."""
    wanted = request.args.get("wanted", "")
    is_own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_own else url_for("overview.show")
