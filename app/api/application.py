"""Puts the API together, and what describes it."""

from http import HTTPStatus
from typing import Any

import flask_smorest
from flask import Flask
from flask.json.provider import JSONProvider

from app import jsontext
from app.api.devices import create_devices
from app.api.docs import create_docs
from app.api.events import create_events
from app.api.outbox import create_outbox
from app.api.people import create_people
from app.api.pictures import create_pictures
from app.api.problems import MEDIA_TYPE, Problem
from app.api.quarantine import create_quarantine
from app.api.resources import Resource
from app.api.stats import create_stats
from app.config import Settings
from app.store.database import Database

_PREFIX = "/api/v1"


def create_api(app: Flask, settings: Settings, database: Database) -> None:
    """Add the API, its OpenAPI document and the page that shows it to the console's app."""
    app.json = _Json(app)
    app.config |= {"OPENAPI_URL_PREFIX": _PREFIX, "OPENAPI_JSON_PATH": "openapi.json"}
    whole = Resource("api", __name__, url_prefix=_PREFIX)
    for resource in (
        create_events(database),
        create_pictures(database),
        create_outbox(database),
        create_quarantine(settings, database),
        create_devices(database),
        create_people(settings, database),
        create_stats(database),
    ):
        whole.register_blueprint(resource)
    _described(app).register_blueprint(whole)
    app.register_blueprint(create_docs())


class _Json(JSONProvider):
    """Writes and reads JSON as the rest of this program does: keys in their order, long integers whole."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return jsontext.dump(obj)

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return jsontext.parse(s)


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """Leaves errors to the console's handlers, and describes them as what these answer."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None of its own."""

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            content = {} if status < 400 else {"content": {MEDIA_TYPE: {"schema": Problem}}}
            self.spec.components.response(status.name, {"description": status.phrase, **content}, lazy=True)


def _described(app: Flask) -> _Api:
    api = _Api(
        app,
        spec_kwargs={
            "title": "SE3 receiver",
            "version": "v1",
            "openapi_version": "3.1.0",
            "info": {"description": "Events, deliveries, refused bodies and boxes of this receiver."},
            "security": [{"token": []}],
        },
    )
    scheme = {"type": "http", "scheme": "bearer", "description": "`se3 token add` makes one."}
    api.spec.components.security_scheme("token", scheme)
    return api
