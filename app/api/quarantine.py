"""/quarantine: the refused bodies, as `se3 quarantine` lists, admits and discards them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, abort, request

from app.api.cursors import of_uuid, uuid_at
from app.api.problems import refuse_body
from app.api.quarantine_schemas import AdmitOrder, Admitted, QuarantineQuery, RefusedBody
from app.api.resources import Resource, page_of
from app.config import Settings
from app.console.access.guard import actor, note
from app.domain.devices import StatusReport
from app.domain.events import Kind, Recorded
from app.domain.refusals import Quarantined
from app.errors import Refused, Se3Error, StoreUnavailable
from app.receiver.paths import STATUS, Report
from app.receiver.refused.admission import Admission
from app.receiver.refused.admission import admit as admit_body
from app.receiver.refused.admission import discard as discard_bodies
from app.store import quarantine as store
from app.store.database import Database

_BYTES = {"type": "string", "format": "binary"}
_ONE = "/<uuid:quarantine_id>"


def create_quarantine(settings: Settings, database: Database) -> Resource:
    """Build the endpoints."""
    quarantine = Resource("quarantine", __name__, url_prefix="/quarantine")
    quarantine.before_request(lambda: _take_large_bodies(settings))

    @quarantine.serves("", page_of(RefusedBody), query=QuarantineQuery)
    def find(query: dict[str, Any]) -> dict[str, Any]:
        """List refused bodies, those last that came first"""
        limit, before = query["limit"], uuid_at(query.get("cursor"))
        with database.read() as connection:
            found = store.page(connection, limit + 1, before, query.get("status"))
        last = found[limit - 1].id if len(found) > limit else None
        return {"items": found[:limit], "next": of_uuid(last)}

    @quarantine.serves(_ONE, RefusedBody, others=[404])
    def show(quarantine_id: UUID) -> Quarantined:
        """Show why a body was refused"""
        return _get(database, quarantine_id)[0]

    @quarantine.serves(f"{_ONE}/body", _BYTES, media_types=["application/octet-stream"], others=[404])
    def body(quarantine_id: UUID) -> Response:
        """Give the body as it came"""
        _, content = _get(database, quarantine_id)
        note(database, "refused_body_downloaded", str(quarantine_id))
        return Response(content, content_type="application/octet-stream")

    @quarantine.serves(f"{_ONE}/admit", Admitted, method="POST", body=AdmitOrder, others=[404, 409])
    def admit(order: dict[str, Any], quarantine_id: UUID) -> dict[str, Any]:
        """Read it anew, after a setting changed or corrected: what it holds becomes events

        It then leaves the quarantine. With 409 it is still refused, and stays.
        """
        return _admitted(_admit(database, settings, quarantine_id, _admission(order)))

    @quarantine.serves(_ONE, None, method="DELETE", status=204, others=[404])
    def discard(quarantine_id: UUID) -> Response:
        """Delete it for good"""
        if not discard_bodies(database, [quarantine_id], actor()):
            abort(404, "There is no such refused body.")
        return Response(status=204)

    return quarantine


def _take_large_bodies(settings: Settings) -> None:
    request.max_content_length = 2 * settings.max_body_bytes  # a corrected one, as text in JSON


def _get(database: Database, quarantine_id: UUID) -> tuple[Quarantined, bytes]:
    with database.read() as connection:
        return store.get(connection, quarantine_id) or abort(404, "There is no such refused body.")


def _admission(order: dict[str, str]) -> Admission:
    kind, corrected = order.get("kind"), order.get("body")
    holds: Report | None = Kind(kind) if kind and kind != STATUS else None
    body = corrected.encode() if corrected else None
    return Admission(actor(), STATUS if kind == STATUS else holds, body)


def _admit(
    database: Database, settings: Settings, quarantine_id: UUID, admission: Admission
) -> Sequence[Recorded | StatusReport]:
    """Admit a body; 404 if there is none, 409 if it is still refused."""
    _get(database, quarantine_id)
    try:
        return admit_body(database, settings, quarantine_id, admission)
    except StoreUnavailable:
        raise
    except Refused as error:
        refuse_body(error.problems)
    except Se3Error as error:
        abort(409, str(error).replace("with --", "with "))  # an option there is a field here


def _admitted(found: Sequence[Recorded | StatusReport]) -> dict[str, Any]:
    """What became of it: events or the keys of boxes."""
    return {
        "events": [item for item in found if isinstance(item, Recorded)],
        "boxes": [item.key for item in found if isinstance(item, StatusReport)],
    }
