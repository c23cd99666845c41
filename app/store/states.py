"""Conditions on a delivery's state for which both databases see that a partial index serves."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, bindparam

from app.domain.delivery import DeliveryState
from app.store.models import STOPPED, OutboxRow


def is_in(*states: DeliveryState) -> ColumnElement[bool]:
    """Whether a delivery is in one of these states.

    They are written into the statement: of a parameter, PostgreSQL may not know the value when it chooses an
    index. And SQLite takes an index only where its own condition stands in the statement.
    """
    wanted = _among(states) if len(states) > 1 else _is(*states)
    return and_(_among(STOPPED), wanted) if set(states) <= set(STOPPED) else wanted


def _is(state: DeliveryState) -> ColumnElement[bool]:
    return OutboxRow.state == bindparam(None, state.value, literal_execute=True)


def _among(states: Collection[DeliveryState]) -> ColumnElement[bool]:
    values = [state.value for state in states]
    return OutboxRow.state.in_(bindparam(None, values, expanding=True, literal_execute=True))
