"""The composition root: puts settings, store and endpoints together into the WSGI app."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from app.config import Settings
from app.receiver.health import create_health
from app.receiver.refusing import http_problem
from app.receiver.routes import create_events
from app.receiver.status_routes import create_status
from app.store.database import Database
from app.store.quarantine import bounds_of
from app.store.writer import Writer

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_receiver(settings: Settings) -> Flask:
    """Build the app that boxes post to. It starts one writing thread and connects at the first request."""
    database = Database(settings.database_url)
    app = Flask("app", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.extensions["database"] = database
    writer = Writer(database, bounds_of(settings))
    app.register_blueprint(create_events(settings, writer))
    app.register_blueprint(create_status(settings, writer))
    app.register_blueprint(create_health(settings, database))
    app.register_error_handler(HTTPException, http_problem)
    app.wsgi_app = _forgive_slashes(app.wsgi_app)  # type: ignore[method-assign, assignment]  # Flask documents this way
    return app


def _forgive_slashes(wsgi_app: WsgiApp) -> WsgiApp:
    """Serve `//HistoryEvent/` as `/HistoryEvent`: URLs are typed by hand, and boxes follow no redirect."""

    def forgiving(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = re.sub("/+", "/", environ["PATH_INFO"]).rstrip("/") or "/"
        return wsgi_app(environ, start_response)

    return forgiving
