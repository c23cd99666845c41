"""Logs people in by the site's OpenID Connect provider, once they have linked their account with it."""

import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Flask, Response, abort, g, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app.config import Settings
from app.console.access import oidc_arrival, passwords
from app.console.access.attempts import TooManyFailures, check
from app.console.access.handshake import LoginRefused, ProviderFault, state_of
from app.console.access.logins import Reply, wait, wanted
from app.store import oidc as store
from app.store.database import Database
from app.store.oidc import Attempt

if TYPE_CHECKING:  # the extra oidc need not be installed
    from app.console.access.provider import Provider

_COOKIE, _PATH = "se3_oidc", "/oidc"
_asking = BoundedSemaphore(2)  # each may hold a thread for as long as the provider does not answer
log = structlog.get_logger(__name__)


def create_oidc(settings: Settings, database: Database, app: Flask) -> Blueprint:
    """Build the pages, which are there only with OIDC_ISSUER; the app's templates get the provider's name."""
    oidc = Blueprint("oidc", __name__)
    provider = _provider(settings)
    oidc.register_error_handler(LoginRefused, _refused)
    oidc.register_error_handler(ProviderFault, _failed)

    @app.context_processor
    def name() -> dict[str, object]:
        return {"oidc_provider": provider and urlsplit(provider.issuer).hostname}

    @oidc.post("/oidc/login")
    def login() -> Reply:
        return _to(provider or abort(404), database, _attempt_of(None, wanted()))

    @oidc.post("/oidc/link")
    def link() -> Reply:
        there = provider or abort(404)
        if problem := _wrong_with(database, request.form.get("password", "")):
            return render_template("access/password.html", problem=problem, shortest=passwords.SHORTEST), 422
        return _to(there, database, _attempt_of(g.user.id, url_for("logins.password")))

    @oidc.get("/oidc/callback")
    def callback() -> Reply:
        return _back_from(provider or abort(404), database)

    @oidc.after_request
    def forget(response: Response) -> Response:
        if request.endpoint == "oidc.callback":
            response.delete_cookie(_COOKIE, path=_PATH)
        return response

    return oidc


def _provider(settings: Settings) -> "Provider | None":
    if not settings.oidc_issuer:
        return None
    from app.console.access.provider import Provider  # needs the extra oidc

    return Provider(settings.oidc_issuer, settings.oidc_client_id or "", settings.oidc_client_secret or "")


def _wrong_with(database: Database, password: str) -> str | None:
    """As where a password is changed: whoever finds a browser open must not make a way in for later."""
    try:
        is_right = check(database, g.user.name, password, request.remote_addr or "")
    except TooManyFailures:
        return wait()
    return None if is_right else str(gettext("The password is wrong."))


def _attempt_of(user_id: int | None, wanted: str) -> Attempt:
    return Attempt(user_id, wanted, request.remote_addr or "")


@contextmanager
def _turn() -> Iterator[None]:
    """A turn to ask the provider: one that hangs must not hold all of the console's threads."""
    if not _asking.acquire(blocking=False):
        again = gettext("Others log in at this moment. Try again in some seconds.")
        raise LoginRefused(429, "too many ask the provider", again)
    try:
        yield
    finally:
        _asking.release()


def _to(provider: "Provider", database: Database, attempt: Attempt) -> AnyResponse:
    """Send the browser there, by a page: `form-action` lets a form's answer lead to no other site."""
    token = secrets.token_urlsafe(32)
    with database.read() as connection:  # whoever may not begin has nobody asked
        has_room = store.has_room(connection, attempt, datetime.now(UTC))
    if not has_room:
        raise LoginRefused(429, "too many under way", wait())
    with _turn():
        address = provider.authorization_url(token, _callback())
    with database.write() as connection:
        if not store.begin(connection, token, attempt, datetime.now(UTC)):
            raise LoginRefused(429, "too many under way", wait())
    response = make_response(render_template("access/to_provider.html", address=address))
    lasts, secure = int(store.LASTS.total_seconds()), request.is_secure
    response.set_cookie(_COOKIE, token, lasts, path=_PATH, httponly=True, samesite="Lax", secure=secure)
    return response


def _back_from(provider: "Provider", database: Database) -> AnyResponse:
    token = request.cookies.get(_COOKIE, "")
    with _turn():  # before the attempt is ended: whoever gets none may load the page again
        attempt = _attempt(database, token)
        if not request.args.get("code"):
            reason = f"the provider said {request.args.get('error', 'nothing')}"
            raise LoginRefused(403, reason, gettext("The login provider did not let you in."))
        subject = provider.subject(token, _callback(), request.args["code"])
    if attempt.user_id is None:
        return oidc_arrival.log_in(database, provider.issuer, subject, attempt.wanted)
    return oidc_arrival.link(database, provider.issuer, subject, attempt)


def _attempt(database: Database, token: str) -> Attempt:
    """What this browser began, and the provider answers; it is ended by that."""
    found = None
    if hmac.compare_digest(state_of(token).encode(), request.args.get("state", "").encode()):
        with database.write() as connection:
            found = store.take(connection, token, datetime.now(UTC))
    if found is None:
        again = gettext("This login was begun in another browser, or too long ago. Begin again.")
        raise LoginRefused(400, "no such attempt", again)
    return found


def _callback() -> str:
    """The address that has to be entered at the provider."""
    return url_for("oidc.callback", _external=True)


def _failed(error: ProviderFault) -> tuple[str, int]:
    log.error("oidc_failed", reason=str(error))
    detail = gettext(
        "It does not answer as it should; the console's log says why. Log in with your password."
    )
    return _problem(502, detail)


def _refused(error: LoginRefused) -> tuple[str, int]:
    log.warning("login_refused", source=request.remote_addr, reason=error.reason)
    return _problem(error.status, str(error))


def _problem(status: int, detail: str) -> tuple[str, int]:
    title = gettext("The login provider can't log you in")
    return render_template("problem.html", title=title, detail=detail), status
