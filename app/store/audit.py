"""The audit log: who did what in the console, and whose pictures they saw."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

from sqlalchemy import Connection, insert, or_, select, update

from app.domain.users import AuditEntry
from app.store.models import AuditRow

_COLUMNS = (AuditRow.at, AuditRow.user_name, AuditRow.source_address, AuditRow.action, AuditRow.subject)

FORGOTTEN = "[forgotten]"
"""What stands in the place of a name that was forgotten."""


def note(connection: Connection, user_name: str, source_address: str, action: str, subject: str = "") -> None:
    """Add an entry."""
    values = {"user_name": user_name, "source_address": source_address, "action": action, "subject": subject}
    connection.execute(insert(AuditRow).values(values | {"at": datetime.now(UTC)}))


def latest(connection: Connection, limit: int) -> Sequence[AuditEntry]:
    """The entries added last, newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(AuditRow.id.desc()).limit(limit))
    return [AuditEntry(*row) for row in rows]


def mentions(connection: Connection, names: Collection[str]) -> list[tuple[int, str]]:
    """The entries whose subject has one of these names in it, as typed or as an address has it.

    With each its subject without them: FORGOTTEN stands in their place. A name in ASCII is found as a whole
    word only. Any other is found everywhere: Chinese has nothing between its words.
    """
    if not names:
        return []
    written = {form: name for name in names for form in (name, quote(name), quote_plus(name))}
    is_like = or_(*(AuditRow.subject.icontains(name, autoescape=True) for name in written))
    longest_first = sorted(written, key=len, reverse=True)
    any_form = re.compile("|".join(_pattern(form, written[form]) for form in longest_first), re.IGNORECASE)
    found = connection.execute(select(AuditRow.id, AuditRow.subject).where(is_like))
    rewritten = ((entry_id, subject, any_form.sub(FORGOTTEN, subject)) for entry_id, subject in found)
    return [(entry_id, after) for entry_id, before, after in rewritten if after != before]


def _pattern(form: str, name: str) -> str:
    return rf"(?<!\w){re.escape(form)}(?!\w)" if name.isascii() else re.escape(form)


def rewrite(connection: Connection, subjects: Iterable[tuple[int, str]]) -> None:
    """Give entries other subjects, by their ids."""
    for entry_id, subject in subjects:
        connection.execute(update(AuditRow).where(AuditRow.id == entry_id).values(subject=subject))
