"""Legal holds: what is kept of a person whatever else says that it goes."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select

from app.domain.users import Actor
from app.errors import Se3Error
from app.store import audit, people
from app.store.models import EventRow, HoldRow
from app.store.removal.turns import take_turn

_COLUMNS = (HoldRow.identity_id, HoldRow.reason, HoldRow.user_name, HoldRow.since)

IS_HELD: ColumnElement[bool] = exists().where(HoldRow.identity_id == EventRow.identity_id)
"""Whether an event is of somebody on hold."""


class OnHold(Se3Error):
    """The person is on hold, so nothing of them may be removed."""


class HoldUnchanged(Se3Error):
    """The person is on hold already, or not on hold, or nobody."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Who put a person on hold, when and why."""

    identity_id: str
    reason: str
    user_name: str
    since: datetime


def hold(connection: Connection, identity_id: str, reason: str, by: Actor) -> None:
    """Put a person on hold, as the first of a transaction; the audit log gets who did it, and why.

    Raises:
        HoldUnchanged: no event names this person, or they are on hold already.
    """
    take_turn(connection)
    if people.get(connection, identity_id) is None:
        raise HoldUnchanged(f"there is no person {identity_id}")
    if found := of_person(connection, identity_id):
        raise HoldUnchanged(f"{identity_id} is on hold already, by {found.user_name}: {found.reason}")
    values = {"identity_id": identity_id, "reason": reason, "user_name": by.name, "since": datetime.now(UTC)}
    connection.execute(insert(HoldRow).values(values))
    audit.note(connection, by.name, by.source_address, "person_held", f"{identity_id} {reason}")


def release(connection: Connection, identity_id: str, reason: str, by: Actor) -> None:
    """End a person's hold; the audit log gets who did it, and why.

    Raises:
        HoldUnchanged: they are not on hold.
    """
    if not connection.execute(delete(HoldRow).where(HoldRow.identity_id == identity_id)).rowcount:
        raise HoldUnchanged(f"{identity_id} is not on hold")
    audit.note(connection, by.name, by.source_address, "person_released", f"{identity_id} {reason}")


def of_person(connection: Connection, identity_id: str) -> Hold | None:
    """The hold of a person, if they are on hold."""
    row = connection.execute(select(*_COLUMNS).where(HoldRow.identity_id == identity_id)).one_or_none()
    return None if row is None else Hold(*row)


def listed(connection: Connection) -> list[Hold]:
    """All holds, the oldest first."""
    return [Hold(*row) for row in connection.execute(select(*_COLUMNS).order_by(HoldRow.since))]


def require_none(connection: Connection, identity_id: str) -> None:
    """Refuse to remove anything of somebody on hold.

    Raises:
        OnHold: they are.
    """
    if found := of_person(connection, identity_id):
        raise OnHold(
            f"{identity_id} is on hold since {found.since:%Y-%m-%d}, by {found.user_name}: {found.reason}"
        )
