"""Quarantine: every refused body, whole, within bounds on their size, number and age."""

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update

from app.config import Settings
from app.domain.refusals import Quarantined, Refusal
from app.store.keyring import Kept, Keyring, keyring_of
from app.store.models import QuarantineRow
from app.store.statements import insert_into

_FIELDS = tuple(field.name for field in dataclasses.fields(Quarantined))
_FROM_THE_LAST = (
    "last_received_at",
    "method",
    "source_address",
    "content_type",
    "status",
    "code",
    "problems",
)
ROW_BYTES = 4096
"""Of a row without its body, with many reasons and its part of the indexes."""

_COLUMNS = tuple(QuarantineRow.__table__.c[name] for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the quarantine may hold: so many bytes, so many bodies, each so long after it last came."""

    bytes: int
    bodies: int
    age: timedelta


def bounds_of(settings: Settings) -> Bounds:
    """The bounds that the settings give."""
    return Bounds(
        settings.quarantine_max_mb * 2**20,
        settings.quarantine_max_bodies,
        timedelta(days=settings.quarantine_max_days),
    )


def keep(connection: Connection, refusals: Sequence[Refusal]) -> list[UUID]:
    """Keep refused bodies; one that the same route has refused before is counted. Returns their ids.

    Of such a one the copy that is there stays, unless its key is missing.
    """
    rows = [_values(refusal, keyring_of(connection)) for refusal in refusals]
    # In order, so that two transactions which count the same bodies can't wait for each other.
    kept = {_key(row): _keep_one(connection, row) for row in sorted(rows, key=_key)}
    return [kept[_key(row)] for row in rows]


def kept_bytes(refusal: Refusal) -> int:
    """What a refused body takes up, roughly: small ones would else count as nothing."""
    return len(refusal.body) + ROW_BYTES


def remove(connection: Connection, quarantine_ids: Sequence[UUID]) -> int:
    """Delete these bodies; returns how many were there."""
    one = delete(QuarantineRow).where(QuarantineRow.id == bindparam("quarantine_id"))
    return sum(connection.execute(one, {"quarantine_id": known}).rowcount for known in quarantine_ids)


def ids(connection: Connection, status: int | None = None) -> list[UUID]:
    """All bodies, or those refused with this status, in the order in which they first came."""
    query = select(QuarantineRow.id).order_by(QuarantineRow.first_received_at, QuarantineRow.id)
    return list(connection.scalars(query if status is None else query.where(QuarantineRow.status == status)))


def listed(connection: Connection, limit: int, status: int | None = None) -> list[Quarantined]:
    """The bodies that came last, of all or those refused with this status, without the bodies themselves."""
    query = select(*_COLUMNS).order_by(QuarantineRow.last_received_at.desc()).limit(limit)
    if status is not None:
        query = query.where(QuarantineRow.status == status)
    return [Quarantined(*row) for row in connection.execute(query)]


def page(
    connection: Connection, limit: int, before: UUID | None = None, status: int | None = None
) -> list[Quarantined]:
    """The bodies that came first before one, or of all the last, newest first; of all or with this status.

    In the order of their ids, which does not change while one walks through it: a body that comes again
    would move in the order of `listed`.
    """
    query = select(*_COLUMNS).order_by(QuarantineRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(QuarantineRow.id < before)
    if status is not None:
        query = query.where(QuarantineRow.status == status)
    return [Quarantined(*row) for row in connection.execute(query)]


def get(connection: Connection, quarantine_id: UUID) -> tuple[Quarantined, bytes] | None:
    """One refused body with what is known of it, or None.

    Raises:
        NotDecrypted: it can't be.
    """
    columns = (QuarantineRow.sha256, QuarantineRow.body, QuarantineRow.key_id, *_COLUMNS)
    row = connection.execute(select(*columns).where(QuarantineRow.id == quarantine_id)).one_or_none()
    if row is None:
        return None
    sha256, body, key_id, *known = row
    return Quarantined(*known), keyring_of(connection).decrypt(Kept(body, key_id), sha256)


def get_many(connection: Connection, quarantine_ids: Sequence[UUID]) -> dict[UUID, Quarantined]:
    """What is known of these bodies, without the bodies themselves, by their ids."""
    rows = connection.execute(select(*_COLUMNS).where(QuarantineRow.id.in_(quarantine_ids)))
    return {row.id: Quarantined(*row) for row in rows}


def _keep_one(connection: Connection, row: dict[str, Any]) -> UUID:
    fresh = {name: row[name] for name in _FROM_THE_LAST}
    statement = (
        insert_into(connection, QuarantineRow)
        .values(row)
        .on_conflict_do_update(
            index_elements=["route", "sha256"], set_={"times": QuarantineRow.times + 1, **fresh}
        )
        .returning(QuarantineRow.id, QuarantineRow.key_id)
    )
    known_id, key_id = connection.execute(statement).one()
    if not keyring_of(connection).can_read(key_id):  # the copy that is there may be lost for ever
        body = {"body": row["body"], "key_id": row["key_id"]}
        connection.execute(update(QuarantineRow).where(QuarantineRow.id == known_id).values(body))
    return known_id


def _key(row: dict[str, Any]) -> tuple[str, bytes]:
    return row["route"], row["sha256"]


def _values(refusal: Refusal, keyring: Keyring) -> dict[str, Any]:
    sha256 = hashlib.sha256(refusal.body).digest()
    body, key_id = keyring.encrypt(refusal.body, sha256)
    return {
        "id": refusal.id,
        "first_received_at": refusal.arrival.received_at,
        "last_received_at": refusal.arrival.received_at,
        "times": 1,
        "method": refusal.method,
        "route": refusal.arrival.route,
        "source_address": refusal.arrival.source_address,
        "content_type": refusal.content_type,
        "status": refusal.status,
        "code": refusal.code,
        "problems": refusal.problems,
        "sha256": sha256,
        "size": len(refusal.body),
        "body": body,
        "key_id": key_id,
    }
