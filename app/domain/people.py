"""The people that boxes report."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.ids import made_at

STRANGER = 4
"""The person_type of somebody who is in no box's library (SE3 protocol, section 2)."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom events name. Name and group are those of the `last` event, by when events were stored."""

    identity_id: str
    name: str | None
    group: str | None
    first: UUID
    last: UUID

    @property
    def first_seen_at(self) -> datetime:
        """When the first event was stored."""
        return made_at(self.first)

    @property
    def last_seen_at(self) -> datetime:
        """When the last event was stored."""
        return made_at(self.last)


@dataclass(frozen=True, slots=True)
class Photo:
    """A library photo of a person (`sha256`), and the first and the last event that came with it."""

    sha256: bytes
    first: UUID
    last: UUID

    @property
    def first_used_at(self) -> datetime:
        """When the first of these events was stored."""
        return made_at(self.first)

    @property
    def last_used_at(self) -> datetime:
        """When the last of them was stored."""
        return made_at(self.last)


@dataclass(frozen=True, slots=True)
class CameraUse:
    """How many of a person's events a camera sent, and the last of them."""

    camera: str
    events: int
    last: UUID

    @property
    def last_seen_at(self) -> datetime:
        """When the last of them was stored."""
        return made_at(self.last)
