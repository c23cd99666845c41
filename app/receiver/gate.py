"""Lets in only who may send: with a key, from a network, no faster than set."""

import json
import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import structlog

from app.config import Settings
from app.receiver.pace import Memory, Pace
from app.receiver.url_keys import take_key
from app.receiver.wsgi import Environ, WsgiApp
from app.setting_values import Network

_MOST_READ = 2 * 1024 * 1024  # bytes of a body that is refused: who is cut off while sending reads no reply
_PIECE_BYTES = 131072
_TELL_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Gate:
    """A WSGI app behind a look at each request that may send something: all but a GET or HEAD without a body.

    What it refuses is not kept: no stranger fills the disk.
    """

    def __init__(self, app: WsgiApp, settings: Settings) -> None:
        """`settings`: RECEIVER_KEYS, RECEIVER_NETWORKS and RECEIVER_RATE; one that is not set is open."""
        self._app = app
        self._keys = settings.receiver_keys
        self._networks = settings.receiver_networks
        self._pace = Pace(settings.receiver_rate) if settings.receiver_rate else None
        self._told = Memory()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request, or have it answered."""
        has_key = not self._keys or take_key(environ, self._keys)
        if _sends_nothing(environ):
            return self._app(environ, start_response)
        sender = environ.get("REMOTE_ADDR", "")
        if self._networks and not _is_in(sender, self._networks):
            return self._refuse(environ, start_response, f"{sender} is in none of RECEIVER_NETWORKS")
        if not has_key:
            return self._refuse(environ, start_response, "The URL has no key of RECEIVER_KEYS")
        if self._pace and (wait := self._pace.wait_of(sender, time.monotonic())):
            return self._refuse(environ, start_response, "This is faster than RECEIVER_RATE allows", wait)
        return self._app(environ, start_response)

    def _refuse(
        self, environ: Environ, start_response: Any, reason: str, wait: float = 0.0
    ) -> Iterable[bytes]:
        _read_away(environ)
        self._tell(environ.get("REMOTE_ADDR", ""), reason)
        status, title = (429, "Too Many Requests") if wait else (403, "Forbidden")
        problem = {"type": "urn:se3:problem:stranger", "title": title, "status": status, "detail": reason}
        body = json.dumps(problem).encode() + b"\n"
        headers = {"Content-Type": "application/problem+json", "Content-Length": str(len(body))}
        headers |= {"Retry-After": str(int(wait) + 1)} if wait else {}
        start_response(f"{status} {title}", list(headers.items()))
        return [body]

    def _tell(self, sender: str, reason: str) -> None:
        """Log it, of each sender once a minute: a stranger must not fill the disk with lines either."""
        now = time.monotonic()
        if now - self._told.get(sender, -_TELL_SECONDS) >= _TELL_SECONDS:
            self._told[sender] = now
            log.warning("sender_refused", source=sender, reason=reason)


def _sends_nothing(environ: Environ) -> bool:
    """Whether it can only read: the body of any other request may be kept, whatever its method and path."""
    has_body = environ.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in environ
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") and not has_body


def _is_in(sender: str, networks: Iterable[Network]) -> bool:
    try:
        address = ip_address(sender)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)  # how a socket for both kinds shows 192.0.2.7
    return any((mapped or address) in network for network in networks)


def _read_away(environ: Environ) -> None:
    """Read a body that nobody wants, so that its sender comes to read the reply."""
    read = 0
    try:
        while read < _MOST_READ and (piece := environ["wsgi.input"].read(_PIECE_BYTES)):
            read += len(piece)
    except Exception as error:  # noqa: BLE001 - gunicorn has many; whoever sent it is refused anyway
        log.debug("body_broke_off", error=type(error).__name__)
