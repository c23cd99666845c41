"""A name for each request: in each log line that it makes, and in its reply."""

import re
import secrets

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, unbind_contextvars

HEADER = "X-Request-ID"
_GOOD = re.compile(r"[!-~]{1,128}")  # printable ASCII without blanks: safe in a header and in a log line


def name_requests(app: Flask) -> None:
    """Take the name that a request comes with, from a proxy say, or make one; log and give it back."""

    @app.before_request
    def name() -> None:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _GOOD.fullmatch(given) else secrets.token_hex(8)
        bind_contextvars(request=g.request_id)

    @app.after_request
    def give_back(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        unbind_contextvars("request")  # the thread goes on to other requests
