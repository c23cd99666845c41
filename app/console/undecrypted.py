"""What the console shows of a picture, or says of a body, that can't be decrypted."""

import structlog
from flask import Response
from flask_babel import gettext
from markupsafe import escape

from app.errors import NotDecrypted

_PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">
<rect width="96" height="96" fill="#ddd"/>
<g fill="#222" font-family="sans-serif" text-anchor="middle">
<text x="48" y="46" font-size="12">{}</text>
<text x="48" y="62" font-size="9">{}</text>
</g>
</svg>
"""
log = structlog.get_logger(__name__)


def cause(error: NotDecrypted) -> str:
    """Why, and what to do."""
    if error.missing_key is None:
        return str(gettext("It was changed after it was encrypted: restore it from a backup."))
    key = error.missing_key
    return str(gettext("Its key %(key)s is missing: add it to PICTURE_KEYS, and start again.", key=key))


def placeholder(error: NotDecrypted) -> Response:
    """503, with a picture for the place of the one that can't be shown: browsers show it all the same."""
    log.error("picture_not_decrypted", path="events.picture", reason=str(error))
    title = gettext("damaged") if error.missing_key is None else gettext("key missing")
    picture = _PICTURE.format(escape(title), escape(error.missing_key or ""))
    response = Response(picture, 503, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "no-store"
    return response
