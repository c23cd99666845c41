"""What a box reports: one face, seen once, by one camera, on one kind of route."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.warnings import EventWarning


class Kind(StrEnum):
    """Which of a box's two reports an event came in (SE3 protocol, section 1)."""

    HISTORY = "history"
    REALTIME = "realtime"


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of one picture, named by their SHA-256 (32 bytes)."""

    sha256: bytes
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PictureUse:
    """A picture where it stood in a document.

    `pointer` is a JSON Pointer into the document. `prefix` is what stood before the base64 text, such as
    `data:image/jpeg;base64,`; it is None where the text can't be rebuilt from the bytes and so was left in
    the document.
    """

    pointer: str
    field: str
    prefix: str | None
    picture: Picture


@dataclass(frozen=True, slots=True)
class Arrival:
    """How and when a request reached the receiver. `received_at` is UTC."""

    route: str
    source_address: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class FaceEvent:
    """One event as it is stored; field names are the contract's (SE3 protocol, section 2).

    `sighting_id` is shared by all copies of one sighting, real-time and history: the id of the first.
    `timestamp` is the text of what the box sent, `occurred_at` the same instant in UTC. `document` is the
    whole body, with None wherever a picture was taken out. `typed` is False where the body was a form, whose
    values are all text. `fingerprint` (32 bytes) is equal for equal content.
    """

    id: UUID
    sighting_id: UUID
    kind: Kind
    route: str
    source_address: str
    received_at: datetime
    occurred_at: datetime
    timestamp: str
    identity_id: str
    identity_name: str | None
    group_name: str | None
    score: float | None
    want_action: str | None
    dev_sno: str | None
    device_ip: str | None
    ep_id: str | None
    person_type: int | None
    device_type: str | None
    grab_fiqa_info: dict[str, Any] | None
    box_fiqa_info: dict[str, Any] | None
    info: dict[str, Any] | None
    document: dict[str, Any]
    typed: bool
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event with its pictures and what is odd about it, ready to be recorded."""

    event: FaceEvent
    pictures: tuple[PictureUse, ...]
    warnings: tuple[EventWarning, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of recording: the id to acknowledge, and whether the event was there before."""

    id: UUID
    duplicate: bool
