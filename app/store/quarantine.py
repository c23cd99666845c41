"""Quarantine: every refused body, whole, within a bound on their size."""

import dataclasses
import hashlib
from uuid import UUID

import structlog
from sqlalchemy import Connection, delete, func, select

from app.domain.ids import new_id
from app.domain.refusals import Quarantined, Refusal
from app.store.models import QuarantineRow
from app.store.statements import insert_into

_FIELDS = tuple(field.name for field in dataclasses.fields(Quarantined))
_COLUMNS = tuple(QuarantineRow.__table__.c[name] for name in _FIELDS)

log = structlog.get_logger(__name__)


def keep(connection: Connection, refusal: Refusal) -> UUID:
    """Keep a refused body; one that the same route has refused before is counted. Returns its id."""
    values = _values(refusal)
    statement = (
        insert_into(connection, QuarantineRow)
        .values(values)
        .on_conflict_do_update(
            index_elements=["route", "sha256"],
            set_={
                "times": QuarantineRow.times + 1,
                "last_received_at": values["last_received_at"],
                "status": values["status"],
                "problems": values["problems"],
            },
        )
        .returning(QuarantineRow.id)
    )
    return connection.execute(statement).scalar_one()


def prune(connection: Connection, most_bytes: int) -> int:
    """Delete the bodies that came longest ago until the rest fits into `most_bytes`; returns how many."""
    newer = func.sum(QuarantineRow.size).over(
        order_by=(QuarantineRow.last_received_at.desc(), QuarantineRow.id)
    )
    ranked = select(QuarantineRow.id, newer.label("bytes")).subquery()
    beyond = select(ranked.c.id).where(ranked.c.bytes > most_bytes)
    deleted = connection.execute(delete(QuarantineRow).where(QuarantineRow.id.in_(beyond))).rowcount
    if deleted:
        log.warning("quarantine_pruned", bodies=deleted, quarantine_max_mb=most_bytes // 2**20)
    return deleted


def listed(connection: Connection, limit: int) -> list[Quarantined]:
    """The bodies that came last, without the bodies themselves."""
    query = select(*_COLUMNS).order_by(QuarantineRow.last_received_at.desc()).limit(limit)
    return [Quarantined(*row) for row in connection.execute(query)]


def get(connection: Connection, quarantine_id: UUID) -> tuple[Quarantined, bytes] | None:
    """One refused body with what is known of it, or None."""
    query = select(*_COLUMNS, QuarantineRow.body).where(QuarantineRow.id == quarantine_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return Quarantined(**{name: row[name] for name in _FIELDS}), row["body"]


def _values(refusal: Refusal) -> dict[str, object]:
    return {
        "id": new_id(),
        "first_received_at": refusal.arrival.received_at,
        "last_received_at": refusal.arrival.received_at,
        "times": 1,
        "method": refusal.method,
        "route": refusal.arrival.route,
        "source_address": refusal.arrival.source_address,
        "content_type": refusal.content_type,
        "status": refusal.status,
        "problems": refusal.problems,
        "sha256": hashlib.sha256(refusal.body).digest(),
        "size": len(refusal.body),
        "body": refusal.body,
    }
