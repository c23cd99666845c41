"""The console's composition root: puts settings, store and pages together into its WSGI app."""

from flask import Flask

from app.api.application import create_api
from app.config import Settings
from app.console.access.guard import guard
from app.console.access.logins import create_logins
from app.console.events import create_events
from app.console.languages import create_languages
from app.console.overview import create_overview
from app.console.problems import answer_problems
from app.console.words import give_words
from app.receiver.health import create_health
from app.store.database import Database

_MOST_BYTES = 64 * 1024  # of a form


def create_console(settings: Settings) -> Flask:
    """Build the app. It connects to the database at the first request."""
    database = Database(settings.database_url)
    app = Flask("app.console")
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.extensions["database"] = database
    guard(app, database)
    give_words(app)
    answer_problems(app)
    for pages in (
        create_languages(app),
        create_logins(database),
        create_overview(settings, database),
        create_events(database),
        create_health(settings, database),
    ):
        app.register_blueprint(pages)
    create_api(app, settings, database)
    return app
