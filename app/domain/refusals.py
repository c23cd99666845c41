"""A body that was refused, with all that is needed to look at it and to admit it later."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.events import Arrival
from app.domain.ids import new_id

_NUMBER = re.compile(r"\d+")
_WRONG_PATH = (404, 405)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request. `problems` is a list of {"pointer", "detail"}; `code` is that of the error.

    `id` becomes that of the body in quarantine, if the same body is not there already.
    """

    arrival: Arrival
    method: str
    content_type: str
    status: int
    code: str
    problems: list[dict[str, str]]
    body: bytes
    id: UUID = field(default_factory=new_id)


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

    @property
    def reasons(self) -> list[str]:
        """Why it was refused, each reason for a person."""
        return _reasons(self.problems)


class FaultKind(NamedTuple):
    """What bodies refused for the same reasons share; `key` names it in an address."""

    key: str
    reasons: str


def kind_of_fault(status: int, route: str, problems: list[dict[str, str]]) -> FaultKind:
    """The kind of fault of a body that was refused so.

    Numbers don't count: where in an array an event stood, or how many bytes came. Of a body that came to a
    wrong path the path counts.
    """
    reasons = "; ".join(dict.fromkeys(_NUMBER.sub("…", reason) for reason in _reasons(problems)))
    if status in _WRONG_PATH:
        reasons = f"{route}: {reasons}"
    return FaultKind(hashlib.sha256(f"{status} {reasons}".encode()).hexdigest()[:16], reasons)


def _reasons(problems: list[dict[str, str]]) -> list[str]:
    return [f"{problem['pointer'].lstrip('/')} {problem['detail']}".strip() for problem in problems]
