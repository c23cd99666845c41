"""A name for each request: in each log line that it makes, and in its reply."""

import random
import re
from collections.abc import Iterable
from typing import Any

from flask import Flask
from structlog.contextvars import bind_contextvars, unbind_contextvars

from app.receiver.wsgi import WsgiApp

HEADER = "X-Request-ID"
_GOOD = re.compile(r"[!-~]{1,128}")  # printable ASCII without blanks: safe in a header and in a log line


def name_requests(app: Flask) -> None:
    """Take the name that a request comes with, from a proxy say, or make one; log and give it back."""
    app.wsgi_app = _naming(app.wsgi_app)  # type: ignore[method-assign, assignment]  # Flask documents this way


def _naming(wsgi_app: WsgiApp) -> WsgiApp:
    """Around Flask: its own hooks would take three times as long."""

    def naming(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if _GOOD.fullmatch(given) else f"{random.getrandbits(64):016x}"
        bind_contextvars(request=name)
        try:
            return wsgi_app(
                environ, lambda s, headers, *rest: start_response(s, [*headers, (HEADER, name)], *rest)
            )
        finally:
            unbind_contextvars("request")  # the thread goes on to other requests

    return naming
