"""A body that was refused, with all that is needed to look at it and to admit it later."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.events import Arrival


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request. `problems` is a list of {"pointer", "detail"}; `code` is that of the error."""

    arrival: Arrival
    method: str
    content_type: str
    status: int
    code: str
    problems: list[dict[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refused body as it is kept; `times` counts how often the same one came to the same route.

    `code` is None where an earlier version kept it.
    """

    id: UUID
    first_received_at: datetime
    last_received_at: datetime
    times: int
    method: str
    route: str
    source_address: str
    content_type: str
    status: int
    code: str | None
    problems: list[dict[str, str]]
    size: int
