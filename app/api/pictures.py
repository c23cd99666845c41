"""/pictures: found by their SHA-256."""

from flask import abort, request
from werkzeug.wrappers import Response as AnyResponse

from app.api.resources import Resource
from app.domain.texts import sha256_in
from app.receiver import replies
from app.store import pictures as store
from app.store.database import Database

_BYTES = {"type": "string", "format": "binary"}
_TYPES = ["image/jpeg", "image/png", "image/webp", "application/octet-stream"]


def create_pictures(database: Database) -> Resource:
    """Build the endpoint."""
    pictures = Resource("pictures", __name__, url_prefix="/pictures")

    @pictures.serves("/<sha256>", _BYTES, media_types=_TYPES, others=[304, 404])
    def show(sha256: str) -> AnyResponse:
        """Give a picture's bytes; with If-None-Match, 304 where it is there"""
        with database.read() as connection:
            digest = sha256_in(sha256)
            found = (digest and store.get(connection, digest)) or abort(404, "There is no such picture.")
        response = replies.picture(found)
        response.headers["Cache-Control"] = "private, no-cache"  # kept, and asked for again: a token may end
        response.set_etag(sha256)
        return response.make_conditional(request)

    return pictures
