"""What a box, or the person behind it, gets back."""

from collections.abc import Sequence

from flask import Response, json

from app.domain.events import Picture, Recorded
from app.errors import Refused

_RETRY_AFTER_SECONDS = 5
_SHOWN_TYPES = ("image/jpeg", "image/png", "image/webp")


def accepted(recorded: Sequence[Recorded], *, as_array: bool) -> Response:
    """200 in the form that platform-side samples use (SE3 protocol, section 1).

    `as_array`: `data` has an entry for each event, else it is the only one's.
    """
    data = [{"id": str(event.id), "duplicate": event.duplicate} for event in recorded]
    return _json(200, {"status": 0, "message": "SUCCESS", "data": data if as_array else data[0]})


def noted() -> Response:
    """200 for a status report, in the form that events get."""
    return _json(200, {"status": 0, "message": "SUCCESS"})


def refused(error: Refused, status: int, quarantine_id: str | None) -> Response:
    """RFC 9457 problem details with every reason, and where the body is kept."""
    problem = {
        "type": f"urn:se3:problem:{error.code}",
        "title": error.title,
        "status": status,
        "detail": str(error),
        "errors": [
            {"pointer": f"#{problem.pointer}", "detail": problem.detail} for problem in error.problems
        ],
    }
    if quarantine_id:
        problem["quarantine"] = quarantine_id
    return _json(status, problem, "application/problem+json")


def unavailable(title: str, detail: str) -> Response:
    """503: not stored, so not acknowledged; the box may send it again."""
    problem = {
        "type": "urn:se3:problem:unavailable",
        "title": title,
        "status": 503,
        "detail": detail,
    }
    response = _json(503, problem, "application/problem+json")
    response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return response


def picture(found: Picture) -> Response:
    """200 with a picture's bytes, which nobody on the way may keep: it shows a face."""
    response = Response(found.content, content_type=safe_type(found.media_type))
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    return response


def safe_type(media_type: str) -> str:
    """A type that a browser shows and runs nothing of."""
    return media_type if media_type in _SHOWN_TYPES else "application/octet-stream"


def _json(status: int, value: object, media_type: str = "application/json") -> Response:
    return Response(json.dumps(value) + "\n", status, content_type=media_type)
