"""Tokens with which programs ask the API."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.users import Role


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as it is kept: who has it is known by its SHA-256 alone.

    It is good until `expires_at`, for ever where that is None. `used_at` is None until it was used.
    """

    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None

    def is_good(self, at: datetime) -> bool:
        """Whether it lets in at this time."""
        return self.expires_at is None or at < self.expires_at


@dataclass(frozen=True, slots=True)
class Program:
    """Whoever comes with a token; `name` is what the audit log calls it."""

    name: str
    role: Role


def program_with(token: ApiToken) -> Program:
    """The program that comes with this token."""
    return Program(f"token {token.name}", token.role)
