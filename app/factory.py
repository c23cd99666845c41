"""The composition root: puts settings, store and endpoints together into the receiver's WSGI app."""

import re
from collections.abc import Iterable
from typing import Any

import structlog
from flask import Flask

from app.config import Settings
from app.errors import StoreUnavailable
from app.receiver.counting import Counting
from app.receiver.gate import Gate
from app.receiver.health import create_health
from app.receiver.pictures import create_pictures
from app.receiver.proxies import behind
from app.receiver.refusing import answer_errors
from app.receiver.request_ids import name_requests
from app.receiver.requests import largest_request_bytes, read_body
from app.receiver.routes import create_endpoints
from app.receiver.wsgi import WsgiApp
from app.store.database import Database
from app.store.quarantine import bounds_of
from app.store.recorder import Recorder
from app.store.shared_writer import SharedWriter
from app.store.spool.drain import Drain
from app.store.spool.spool import spool_of
from app.store.writer import Writer

log = structlog.get_logger(__name__)


def create_receiver(settings: Settings, *, shares_writer: bool = False) -> Flask:
    """Build the app that boxes post to. It starts one writing thread and connects at the first request.

    `shares_writer`: one process writes for all that serve this app.
    """
    database = Database.of(settings)
    app = Flask("app", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's default provider has it
    app.extensions["database"] = database
    app.extensions["writer"] = writer = _writer(settings, database, shared=shares_writer)
    app.extensions["largest_request_bytes"] = largest_request_bytes(settings)
    app.before_request(lambda: read_body(settings.max_body_bytes))
    answer_errors(app, writer, settings.refused_status)
    app.register_blueprint(create_endpoints(settings, writer, Counting(database)))
    app.register_blueprint(create_health(settings, database))
    app.register_blueprint(create_pictures(settings, database))
    inner = _forgive_slashes(app.wsgi_app)
    app.wsgi_app = behind(Gate(inner, settings), settings.receiver_proxies)  # type: ignore[method-assign, assignment]  # Flask documents this way
    name_requests(app)
    return app


def _writer(settings: Settings, database: Database, *, shared: bool) -> Recorder:
    bounds, spool = bounds_of(settings), spool_of(settings)
    if shared:
        try:
            return SharedWriter(database, bounds, spool)
        except StoreUnavailable as error:
            log.error("process_failed", process="writer", reason=str(error))
            if spool:  # else the writer process would drain it
                Drain(database, bounds, spool).start()
    return Writer(database, bounds, spool)


def _forgive_slashes(wsgi_app: WsgiApp) -> WsgiApp:
    """Serve `//HistoryEvent/` as `/HistoryEvent`: URLs are typed by hand, and boxes follow no redirect."""

    def forgiving(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["PATH_INFO"] = re.sub("/+", "/", environ["PATH_INFO"]).rstrip("/") or "/"
        return wsgi_app(environ, start_response)

    return forgiving
