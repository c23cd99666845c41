"""The audit log: who did what in the console, and whose pictures they saw."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from app.domain.users import AuditEntry
from app.store.models import AuditRow

_COLUMNS = (AuditRow.at, AuditRow.user_name, AuditRow.source_address, AuditRow.action, AuditRow.subject)


def note(connection: Connection, user_name: str, source_address: str, action: str, subject: str = "") -> None:
    """Add an entry."""
    values = {"user_name": user_name, "source_address": source_address, "action": action, "subject": subject}
    connection.execute(insert(AuditRow).values(values | {"at": datetime.now(UTC)}))


def latest(connection: Connection, limit: int) -> Sequence[AuditEntry]:
    """The entries added last, newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(AuditRow.id.desc()).limit(limit))
    return [AuditEntry(*row) for row in rows]
