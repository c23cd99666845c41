"""How a simulated box posts: over a connection that it keeps, or without reading the reply."""

import http.client
import random
import time
from contextlib import closing
from urllib.parse import urlsplit

import urllib3

from app.errors import Se3Error
from app.simulators.form_encodings import Encoded
from app.simulators.results import Result, read_result


class Poster:
    """Posts bodies, each once; for use by one thread."""

    def __init__(self, timeout: float, lost_replies: float = 0.0, seed: int = 1) -> None:
        """`timeout`: seconds to connect, to send, and for the answer.

        `lost_replies`: the fraction, from 0 to 1, of posts whose reply is not read; `seed` decides which.
        """
        self._timeout, self._lost_replies = timeout, lost_replies
        self._random = random.Random(f"replies {seed}")  # noqa: S311 - no secret
        self._pool = urllib3.PoolManager(timeout=timeout)

    def post(self, url: str, request: Encoded) -> Result:
        """Post this body with its headers, without a retry; a network failure is a Result too."""
        started = time.monotonic()
        try:
            if self._random.random() < self._lost_replies:
                self._send(url, request)
                return Result(None, time.monotonic() - started, lost=True)
            body, headers = request
            response = self._pool.request("POST", url, body=body, headers=headers, retries=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Result(None, time.monotonic() - started, reason=str(error))
        return read_result(response.status, response.data, time.monotonic() - started)

    def close(self) -> None:
        """Close the connection; posting opens a new one."""
        self._pool.clear()

    def _send(self, url: str, request: Encoded) -> None:
        """Send the whole request over a connection of its own, and close that unread."""
        target = urllib3.util.parse_url(url)
        connect = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
        with closing(connect(target.host or "", target.port, timeout=self._timeout)) as connection:
            connection.request("POST", target.request_uri, *request)


def endpoint(url: str, path: str) -> str:
    """Give where to post: `url` itself, or with `path` where it has none.

    Raises:
        Se3Error: the URL is not an http or https URL.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 0) >= 0
    except ValueError:
        fits = False
    if not fits:
        raise Se3Error(f"{url!r} is not an address to post to; it must look like http://host:9528")
    return (parts._replace(path=path) if parts.path in ("", "/") else parts).geturl()
