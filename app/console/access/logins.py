"""The pages to log in, to log out, and to change one's password."""

from datetime import UTC, datetime

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.console.access import passwords
from app.console.access.attempts import TooManyFailures, check
from app.console.access.guard import COOKIE, note
from app.domain.users import User, clean_name
from app.store import audit, sessions, users
from app.store.database import Database

Reply = AnyResponse | str | tuple[str, int]


def create_logins(database: Database) -> Blueprint:
    """Build the pages."""
    logins = Blueprint("logins", __name__)

    @logins.route("/login", methods=["GET", "POST"])
    def login() -> Reply:
        if request.method == "GET":
            return redirect(url_for("overview.show")) if g.user else render_template("access/login.html")
        return _log_in(database, clean_name(request.form.get("name", "")), request.form.get("password", ""))

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
            return render_template("access/password.html", shortest=passwords.SHORTEST)
        if problem := _wrong_with(database, request.form.get("old", ""), request.form.get("new", "")):
            return render_template("access/password.html", problem=problem, shortest=passwords.SHORTEST), 422
        return _change_password(database, request.form["new"])

    return logins


def _log_in(database: Database, name: str, password: str) -> Reply:
    try:
        user = check(database, name, password, request.remote_addr or "")
    except TooManyFailures:
        return render_template("access/login.html", problem=wait()), 429
    token = user and _begin(database, user)
    if not token:
        problem = gettext("The name or the password is wrong.")
        return render_template("access/login.html", problem=problem), 401
    return with_cookie(redirect(wanted()), token)


def _begin(database: Database, user: User) -> str | None:
    """Begin a session; None if the user was disabled, or got another password, since it was checked."""
    with database.write() as connection:
        if users.locked(connection, user.id) != user:
            return None
        audit.note(connection, user.name, request.remote_addr or "", "logged_in")
        return sessions.begin(connection, user.id, datetime.now(UTC))


def wait() -> str:
    """What to do after too many failures."""
    return str(gettext("Too many logins failed. Wait 15 minutes."))


def _wrong_with(database: Database, old: str, new: str) -> str | None:
    try:
        if not check(database, g.user.name, old, request.remote_addr or ""):
            return str(gettext("The old password is wrong."))
    except TooManyFailures:
        return wait()
    if len(new) < passwords.SHORTEST or new == old:
        shortest = passwords.SHORTEST
        return str(gettext("Choose another password, of %(number)s characters or more.", number=shortest))
    return None


def _change_password(database: Database, new: str) -> Reply:
    password_hash = passwords.hash_of(new)
    with database.write() as connection:
        if users.locked(connection, g.user.id) != g.user:
            abort(403)
        users.set_password(connection, g.user, password_hash, is_one_time=False)
        token = sessions.begin(connection, g.user.id, datetime.now(UTC))
        audit.note(connection, g.user.name, request.remote_addr or "", "password_changed")
    return with_cookie(redirect(url_for("overview.show")), token)


def with_cookie(response: AnyResponse, token: str) -> AnyResponse:
    """Have the browser keep a session's token."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def wanted() -> str:
    """The page that was asked for before the login; never one of another site."""
    path = request.args.get("wanted", "")
    is_path = path.startswith("/") and not path.startswith("//")
    is_plain = path.isprintable() and "\\" not in path  # browsers make "//" of "/\t/" and of "/\\"
    return path if is_path and is_plain else url_for("overview.show")
