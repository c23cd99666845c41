"""Who may do what in the console."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """A viewer sees; an operator retries and admits as well; an admin manages users too."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do all that the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in, unless `disabled_at` is set.

    `has_one_time_password`: somebody else chose the password, so the first login must change it.
    """

    id: int
    name: str
    role: Role
    password_hash: str
    has_one_time_password: bool
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a user did or saw, and from where. `subject` names what it was done to."""

    at: datetime
    user_name: str
    source_address: str
    action: str
    subject: str
