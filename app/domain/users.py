"""Who may do what in the console."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user is allowed: a viewer sees, an operator also repairs, an admin also manages users."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role allows all that the other one does."""
        order = list(Role)
        return order.index(self) >= order.index(other)


_LONGEST_NAME = 100  # characters


def clean_name(text: str) -> str:
    """A name as it is stored, however it was typed; "" if it can be nobody's."""
    name = unicodedata.normalize("NFC", text.strip())
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else ""


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
class Actor:
    """Who does something, as the audit log has it: a user's name, and the address of the browser if any."""

    name: str
    source_address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a user did or saw, and from where. `subject` names what it was done to."""

    at: datetime
    user_name: str
    source_address: str
    action: str
    subject: str
