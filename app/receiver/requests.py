"""Reads a request's body before anything can go wrong with it, so that whatever is refused can be kept."""

from datetime import UTC, datetime

from flask import g, request

from app.config import KEPT_AT_MOST, Settings
from app.domain.events import Arrival
from app.errors import BrokenOff, TooLarge
from app.receiver.body.decoding import Decoded, decode
from app.receiver.worker.incoming import MOST_HEAD_BYTES

_PIECE_BYTES = 131072  # an event, as a rule; of a body that breaks off at most so much is not kept
_LONGEST_SHOWN = 500  # characters of a path or Content-Type that are kept


def largest_request_bytes(settings: Settings) -> int:
    """How much of a request may be wanted: the largest body of which anything is kept, and its head."""
    return KEPT_AT_MOST * settings.max_body_bytes + MOST_HEAD_BYTES


def read_body(max_body_bytes: int) -> None:
    """Set `g.arrival`, `g.body` (empty if it is far too large) and `g.size`, its true size in bytes.

    Raises:
        BrokenOff: the body ended early; `g.body` is what came.
    """
    declared = request.content_length or 0
    g.arrival = Arrival(printable(request.path), request.remote_addr or "", datetime.now(UTC))
    g.body, g.size = b"", declared
    limit = max_body_bytes * (KEPT_AT_MOST if request.url_rule else 1)
    if declared > limit:
        return
    body, fault = _receive(limit)
    g.body, g.size = body if len(body) <= limit else b"", max(declared, len(body))
    if fault or len(body) < declared:
        raise BrokenOff(f"The body broke off after {len(body)} bytes{fault}")


def decode_body(settings: Settings) -> Decoded:
    """Decode the body of the present request.

    Raises:
        Refused: it is too large, or can't be read.
    """
    if g.size > settings.max_body_bytes:
        raise TooLarge(f"The body has {g.size} bytes; MAX_BODY_MB allows {settings.max_body_mb} MB")
    return decode(g.body, request.content_type or "", settings.max_body_bytes)


def printable(text: str) -> str:
    """Text from a request that is safe to log, to print and to store."""
    head = text[:_LONGEST_SHOWN]
    return head if head.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in head)


def _receive(limit: int) -> tuple[bytes, str]:
    """What came of the body, a little more than `limit` of a longer one, and what ended it early, if so."""
    pieces: list[bytes] = []  # joining a single one copies nothing
    size, fault = 0, ""
    try:
        while size <= limit and (piece := request.stream.read(_PIECE_BYTES)):
            pieces.append(piece)
            size += len(piece)
    except Exception as error:  # noqa: BLE001 - gunicorn has many, and what came is to be kept
        fault = f": {type(error).__name__}"
    return b"".join(pieces), fault
