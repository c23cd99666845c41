"""Finds entries of the audit log for people who look: a page at a time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Subquery, or_, select

from app.domain.users import AuditEntry
from app.store.models import AuditRow

MOST_LOOKED_AT = 20_000
"""Entries that one page looks through, so that it comes at once however few of them match."""

_SHOWN = ("at", "user_name", "source_address", "action", "subject")


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What to look for; None and "" leave an aspect open. `subject` is part of an entry's subject."""

    since: datetime | None = None
    until: datetime | None = None
    user: str = ""
    action: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, newest first. `before` leads to the next page, None where there is none.

    `is_cut`: the page ends because so many were looked at, not because it is full.
    """

    entries: Sequence[AuditEntry]
    before: int | None
    is_cut: bool


def find(connection: Connection, search: AuditSearch, limit: int, before: int | None = None) -> AuditPage:
    """The newest entries that match, older than the one with the id `before`."""
    newest = _newest(connection, search, before)
    looked_at = newest.limit(MOST_LOOKED_AT).subquery()
    query = select(looked_at).where(*_conditions(looked_at, search))
    found = connection.execute(
        query.order_by(looked_at.c.at.desc(), looked_at.c.id.desc()).limit(limit + 1)
    ).all()
    entries = [AuditEntry(*row[1:]) for row in found[:limit]]
    if len(found) > limit:
        return AuditPage(entries, found[limit - 1].id, is_cut=False)
    last = connection.execute(newest.offset(MOST_LOOKED_AT - 1).limit(1)).first()
    return AuditPage(entries, last.id if last else None, is_cut=last is not None)


def _newest(connection: Connection, search: AuditSearch, before: int | None) -> Select[tuple[int]]:
    """All entries within the times, in the order of the index on `at` and `id`."""
    bounds: list[ColumnElement[bool]] = []
    if search.since:
        bounds.append(AuditRow.at >= search.since)
    if search.until:
        bounds.append(AuditRow.at < search.until)
    at = connection.scalar(select(AuditRow.at).where(AuditRow.id == before))
    if at is not None:
        bounds += [AuditRow.at <= at, or_(AuditRow.at < at, AuditRow.id < before)]
    columns = [getattr(AuditRow, name) for name in _SHOWN]
    return select(AuditRow.id, *columns).where(*bounds).order_by(AuditRow.at.desc(), AuditRow.id.desc())


def _conditions(entry: Subquery, search: AuditSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.user:
        conditions.append(entry.c.user_name == search.user)
    if search.action:
        conditions.append(entry.c.action == search.action)
    if search.subject:
        conditions.append(entry.c.subject.icontains(search.subject, autoescape=True))
    return conditions
