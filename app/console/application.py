"""The console's composition root: puts settings, store and pages together into its WSGI app."""

from threading import Event

from flask import Blueprint, Flask

from app.api.application import create_api
from app.config import Settings
from app.console.access.audit import create_audit
from app.console.access.guard import guard
from app.console.access.logins import create_logins
from app.console.access.oidc import create_oidc
from app.console.access.users import create_users
from app.console.boxes.pages import create_boxes
from app.console.events.exports.downloads import create_exports
from app.console.events.pages import create_events
from app.console.events.reviews import create_reviews
from app.console.languages import create_languages
from app.console.live.pages import create_live
from app.console.metrics import create_metrics
from app.console.overview import create_overview
from app.console.people.pages import create_people
from app.console.people.strangers import create_strangers
from app.console.problems import answer_problems
from app.console.refused.pages import create_refused
from app.console.relay.pages import create_relay
from app.console.words import give_words
from app.receiver.health import create_health
from app.receiver.proxies import behind
from app.receiver.request_ids import name_requests
from app.store.database import Database

_MOST_BYTES = 64 * 1024  # of a form
_REPLY_SECONDS = 60.0  # that a client may pause in a download


def create_console(settings: Settings) -> Flask:
    """Build the app. It connects to the database at the first request."""
    database = Database.of(settings)
    app = Flask("app.console")
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.extensions["database"] = database
    name_requests(app)
    app.extensions["largest_request_bytes"] = 2 * settings.max_body_bytes + _MOST_BYTES  # a corrected body
    app.extensions["reply_seconds"] = _REPLY_SECONDS
    app.extensions["ending"] = Event()  # set once the process stops: replies that last end then
    guard(app, database)
    give_words(app)
    answer_problems(app)
    for pages in _pages(app, settings, database):
        app.register_blueprint(pages)
    app.wsgi_app = behind(app.wsgi_app, settings.console_proxies)  # type: ignore[method-assign, assignment]  # Flask documents this way
    create_api(app, settings, database)
    return app


def _pages(app: Flask, settings: Settings, database: Database) -> tuple[Blueprint, ...]:
    return (
        create_languages(app),
        create_logins(database),
        create_oidc(settings, database, app),
        create_overview(settings, database),
        create_events(settings, database),
        create_exports(database, app.extensions["ending"]),
        create_reviews(database),
        create_relay(settings, database),
        create_refused(settings, database),
        create_users(database),
        create_audit(database),
        create_boxes(settings, database),
        create_people(settings, database),
        create_strangers(database),
        create_live(database, app.extensions["ending"]),
        create_health(settings, database),
        create_metrics(settings, database),
    )
