"""GET /pictures/<sha256>: a picture, for whoever holds a link to it; see `app.domain.picture_links`."""

from datetime import UTC, datetime
from threading import BoundedSemaphore

import structlog
from flask import Blueprint, Response, g, request

from app.config import Settings
from app.domain.picture_links import links_if_set
from app.errors import NotDecrypted, StoreUnavailable
from app.receiver import replies
from app.receiver.refusing import unavailable_reply, unknown_path_reply
from app.store import pictures as store
from app.store.database import Database

AT_ONCE = 4  # of a process's 8 threads: while the database hangs, boxes have the others
_NOT_READ = "The picture could not be read"
_DIGITS_LOGGED = 12  # of 64: enough to find a picture by, and too few to make a link

log = structlog.get_logger(__name__)


def create_pictures(settings: Settings, database: Database) -> Blueprint:
    """Build the endpoint. Whatever is wrong with a link, a stranger gets the 404 of an unknown path."""
    endpoint = Blueprint("pictures", __name__)
    room = BoundedSemaphore(AT_ONCE)
    links = links_if_set(
        settings.picture_base_url, settings.picture_link_secret, settings.picture_link_lifetime
    )

    @endpoint.get("/pictures/<digest>", provide_automatic_options=False)
    def serve(digest: str) -> Response:
        if links is None:
            return _refused(digest, "PICTURE_BASE_URL is not set")
        expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
        if fault := links.fault(digest, expires, signature, datetime.now(UTC)):
            return _refused(digest, fault)
        if not room.acquire(blocking=False):
            return unavailable_reply(StoreUnavailable("too many pictures are being read already"), _NOT_READ)
        try:
            return _stored(database, digest)
        finally:
            room.release()

    return endpoint


def _stored(database: Database, digest: str) -> Response:
    try:
        with database.read() as connection:
            found = store.get(connection, bytes.fromhex(digest))
    except StoreUnavailable as error:
        return unavailable_reply(error, _NOT_READ)
    except NotDecrypted as error:
        log.error("picture_not_decrypted", picture=digest[:_DIGITS_LOGGED], reason=str(error))
        return replies.unavailable(_NOT_READ, "It can't be decrypted now; the receiver's log says why.")
    return replies.picture(found) if found else _refused(digest, "the picture is not stored")


def _refused(digest: str, reason: str) -> Response:
    """404, the same for all; the log tells why, but never what would make a link."""
    log.info(
        "picture_refused", reason=reason, picture=digest[:_DIGITS_LOGGED], source=g.arrival.source_address
    )
    return unknown_path_reply()
