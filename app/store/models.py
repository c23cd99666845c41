"""The tables."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    func,
    literal_column,
    or_,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, Integer, TypeDecorator

from app import jsontext
from app.domain.delivery import DeliveryState
from app.domain.people import STRANGER


def _sqlite_text(value: datetime | None) -> str | None:
    """An instant in SQLAlchemy's form for SQLite, in UTC without a zone."""
    return (
        None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite, which has no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Turn any aware instant into UTC."""
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """SQLite's own makes text of each part of a time in Python; there are several times in each event."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give every instant back in UTC, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """JSON as text: a JSON column would round numbers and refuse some strings."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Write a value; None becomes NULL."""
        return None if value is None else jsontext.dump(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Read a value. What we wrote ourselves is read without the limits that a body from outside has."""
        return None if value is None else json.loads(value)


RowId = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is a row id in SQLite


class Base(DeclarativeBase):
    """Gives every text Text and every instant UtcDateTime, on SQLite and PostgreSQL alike."""

    metadata = MetaData(
        naming_convention={  # named alike on both databases, so that a later migration can find each
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this as a class attribute
        str: Text,
        datetime: UtcDateTime,
        UUID: Uuid,
        bytes: LargeBinary,
        int: BigInteger,
    }


class EventRow(Base):
    """A face event: a column for every field of the contract, and the whole document."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("kind", "fingerprint"),
        Index(None, "occurred_at"),
        Index(None, "sighting_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sighting_id: Mapped[UUID]
    kind: Mapped[str]
    route: Mapped[str]
    source_address: Mapped[str]
    received_at: Mapped[datetime]
    occurred_at: Mapped[datetime]
    timestamp: Mapped[str]
    identity_id: Mapped[str]
    identity_name: Mapped[str | None]
    group_name: Mapped[str | None]
    score: Mapped[float | None]
    want_action: Mapped[str | None]
    dev_sno: Mapped[str | None]
    device_ip: Mapped[str | None]
    ep_id: Mapped[str | None]
    person_type: Mapped[int | None]
    device_type: Mapped[str | None]
    grab_fiqa_info: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    box_fiqa_info: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    info: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    document: Mapped[dict[str, Any]] = mapped_column(JsonText)
    typed: Mapped[bool]
    fingerprint: Mapped[bytes]


# No parameter: it would hide from the databases that an index serves.
_STRANGER: ColumnElement[int] = literal_column(str(STRANGER))

LONGEST_INDEXED = 200
"""Characters of an id by which an index finds a person: PostgreSQL takes no row with a much longer one."""

_IS_INDEXED = func.length(EventRow.identity_id) <= literal_column(str(LONGEST_INDEXED))

IS_KNOWN = and_(or_(EventRow.person_type.is_(None), EventRow.person_type != _STRANGER), _IS_INDEXED)
"""An event of somebody whom a box knows; who is no stranger is an employee (SE3 protocol, section 2)."""

IS_STRANGER = and_(EventRow.person_type == _STRANGER, _IS_INDEXED)
"""An event of a stranger. Strangers have ids too, and there may be more of them than of all others."""

Index("ix_events_known", EventRow.identity_id, EventRow.id, sqlite_where=IS_KNOWN, postgresql_where=IS_KNOWN)
Index(
    "ix_events_strangers",
    EventRow.identity_id,
    EventRow.id,
    sqlite_where=IS_STRANGER,
    postgresql_where=IS_STRANGER,
)

IS_OF_STRANGER = EventRow.person_type == _STRANGER
"""The same whatever its id: `app.store.removal.retention` finds the oldest by it."""

Index("ix_events_of_strangers", EventRow.id, sqlite_where=IS_OF_STRANGER, postgresql_where=IS_OF_STRANGER)


class PictureRow(Base):
    """A picture, once, however many events show it.

    SHA-256 and size are the plain picture's. `key_id` names the key that the content is encrypted with,
    NULL: it is plain; see `app.store.keyring`.
    """

    __tablename__ = "pictures"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes]
    key_id: Mapped[bytes | None]


class FaceLikenessRow(Base):
    """What faces are compared by; see `app.domain.likeness`. NULL: the picture can't be read as a face."""

    __tablename__ = "face_likeness"

    sha256: Mapped[bytes] = mapped_column(ForeignKey("pictures.sha256", ondelete="CASCADE"), primary_key=True)
    likeness: Mapped[bytes | None]


class EventPictureRow(Base):
    """Where in an event's document a picture stood; see `app.domain.events.PictureUse`."""

    __tablename__ = "event_pictures"
    __table_args__ = (Index(None, "sha256"),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    pointer: Mapped[str]
    field: Mapped[str]
    prefix: Mapped[str | None]
    sha256: Mapped[bytes] = mapped_column(ForeignKey("pictures.sha256"))


class EventWarningRow(Base):
    """An oddity of an event; see `app.domain.warnings.EventWarning`."""

    __tablename__ = "event_warnings"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    pointer: Mapped[str]
    detail: Mapped[str]


class OutboxRow(Base):
    """A delivery to EnOS: one row an event, written in the event's own transaction.

    `channel` is the channel it goes by, "" until a forwarder has chosen one. A pending row is not tried
    before `due_at`. `claim` names the claim that a settle must match; a row that is pending again keeps it,
    for its reply may still come. `code` and `reason` tell what EnOS, or the mapping, last said. `settled_at`
    is set while the row is neither pending nor claimed.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), unique=True)
    channel: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str]
    due_at: Mapped[datetime]
    attempts: Mapped[int]
    claim: Mapped[UUID | None]
    code: Mapped[int | None]
    reason: Mapped[str | None]
    settled_at: Mapped[datetime | None]


def _outbox_index(name: str, condition: ColumnElement[bool], *columns: Mapped[Any]) -> Index:
    """Of the rows in some states only: what was delivered is in no index that is read or written often."""
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


STOPPED = (DeliveryState.PARKED, DeliveryState.SKIPPED, DeliveryState.DROPPED)
"""The states in which a delivery stays until a person does something."""

_outbox_index(
    "ix_outbox_pending",
    OutboxRow.state == DeliveryState.PENDING.value,
    OutboxRow.channel,
    OutboxRow.due_at,
    OutboxRow.id,
)
_outbox_index(
    "ix_outbox_claimed", OutboxRow.state == DeliveryState.CLAIMED.value, OutboxRow.channel, OutboxRow.id
)
_outbox_index(
    "ix_outbox_stopped",
    OutboxRow.state.in_([state.value for state in STOPPED]),
    OutboxRow.state,
    OutboxRow.id,
)


class DeliveryAttemptRow(Base):
    """An attempt that did not simply deliver; see `app.store.delivery_attempts`."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index(None, "outbox_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    outbox_id: Mapped[int] = mapped_column(RowId, ForeignKey("outbox.id", ondelete="CASCADE"))
    number: Mapped[int]
    at: Mapped[datetime]
    code: Mapped[int | None]
    reason: Mapped[str | None]


class DeliveryCountRow(Base):
    """How many deliveries of a channel fared alike in a period; see `app.store.delivery_counts`."""

    __tablename__ = "delivery_counts"

    began_at: Mapped[datetime] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    within_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]


class ChannelRow(Base):
    """A channel to EnOS, and which forwarder holds it until when; see `app.store.channels`."""

    __tablename__ = "channels"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]


class ChannelConnectRow(Base):
    """A connect to EnOS: it takes so many in two minutes, whoever connects."""

    __tablename__ = "channel_connects"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    channel: Mapped[str]
    at: Mapped[datetime]


class ForwarderRow(Base):
    """A forwarder at work on one channel; see `app.domain.forwarders.Forwarder`."""

    __tablename__ = "forwarders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str | None]
    state_since: Mapped[datetime]


class QuarantineRow(Base):
    """A refused body, whole, with every reason. A body that comes again is counted, not kept twice.

    It may be encrypted as a picture is; SHA-256 and size are the plain body's.
    """

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("route", "sha256"), Index(None, "last_received_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]
    times: Mapped[int]
    method: Mapped[str]
    route: Mapped[str]
    source_address: Mapped[str]
    content_type: Mapped[str]
    status: Mapped[int]
    code: Mapped[str | None]
    problems: Mapped[list[dict[str, str]]] = mapped_column(JsonText)
    sha256: Mapped[bytes]
    size: Mapped[int]
    body: Mapped[bytes]
    key_id: Mapped[bytes | None]


def _key_index(column: Mapped[bytes | None]) -> Index:
    """Finds which keys are in use; what is plain costs nothing."""
    is_encrypted = column.is_not(None)
    return Index(None, column, sqlite_where=is_encrypted, postgresql_where=is_encrypted)


_key_index(PictureRow.key_id)
_key_index(QuarantineRow.key_id)


class CounterRow(Base):
    """How often something has happened since the database was made."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class BoxRow(Base):
    """A box as its status reports tell of it; see `app.domain.devices.BoxStatus`."""

    __tablename__ = "boxes"

    key: Mapped[str] = mapped_column(primary_key=True)
    dev_sno: Mapped[str | None]
    gateway_sn: Mapped[str | None]
    name: Mapped[str | None]
    addresses: Mapped[str | None]
    port: Mapped[int | None]
    mac: Mapped[str | None]
    status: Mapped[str | None]
    version: Mapped[str | None]
    short_version: Mapped[str | None]
    sdk_version: Mapped[str | None]
    temperature: Mapped[float | None]
    cpu_usage: Mapped[float | None]
    memory_size: Mapped[float | None]
    memory_usage: Mapped[float | None]
    disk_size: Mapped[float | None]
    disk_free_size: Mapped[float | None]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    period_seconds: Mapped[float | None]
    document: Mapped[dict[str, Any]] = mapped_column(JsonText)


class CameraRow(Base):
    """A camera as its box reports it; see `app.domain.devices.CameraStatus`."""

    __tablename__ = "cameras"

    box_key: Mapped[str] = mapped_column(ForeignKey("boxes.key"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    address: Mapped[str | None]
    status: Mapped[str | None]
    location: Mapped[str | None]
    type: Mapped[str | None]
    url: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    document: Mapped[dict[str, Any]] = mapped_column(JsonText)


class DeviceChangeRow(Base):
    """A field of a box or camera that a status report changed; see `app.domain.device_changes`."""

    __tablename__ = "device_changes"
    __table_args__ = (Index(None, "box_key", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    box_key: Mapped[str] = mapped_column(ForeignKey("boxes.key"))
    camera_key: Mapped[str | None]
    field: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str | None]


class BoxHourRow(Base):
    """How many events a sender sent in an hour, all or those with a warning; see `app.domain.senders`."""

    __tablename__ = "box_hours"
    __table_args__ = ({"sqlite_with_rowid": False},)  # one tree to write to, not two

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    dev_sno: Mapped[str] = mapped_column(primary_key=True)
    source_address: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[int]
    least_lag_ms: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class UserRow(Base):
    """A person who may log in to the console; see `app.domain.users.User`."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    has_one_time_password: Mapped[bool]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class EventReviewRow(Base):
    """A user's mark on an event that was reviewed."""

    __tablename__ = "event_reviews"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(RowId, ForeignKey("users.id"), primary_key=True)
    reviewed_at: Mapped[datetime]


class SessionRow(Base):
    """A login that lasts. The token itself is in the user's browser only."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"),)

    token_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(RowId, ForeignKey("users.id"))
    used_at: Mapped[datetime]


class OidcLoginRow(Base):
    """As whom a user is known to the OpenID Connect provider: its subject, which never changes."""

    __tablename__ = "oidc_logins"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    user_id: Mapped[int] = mapped_column(RowId, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[datetime]


class OidcAttemptRow(Base):
    """A browser on its way to the provider and back; with `user_id` to link that user, else to log in."""

    __tablename__ = "oidc_attempts"

    token_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("users.id"))
    wanted: Mapped[str]
    begun_at: Mapped[datetime]
    source_address: Mapped[str]


class FailedLoginRow(Base):
    """A login that failed: too many of them, and no more are tried for a while."""

    __tablename__ = "failed_logins"
    __table_args__ = (Index(None, "at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    name: Mapped[str]
    source_address: Mapped[str]


class AuditRow(Base):
    """What a user of the console did or saw; see `app.domain.users.AuditEntry`."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    user_name: Mapped[str]
    source_address: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]


class ApiTokenRow(Base):
    """A token with which a program asks the API; see `app.domain.tokens.ApiToken`."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class HoldRow(Base):
    """A legal hold: nothing of this person is removed; see `app.store.removal.holds`."""

    __tablename__ = "holds"

    identity_id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    user_name: Mapped[str]
    since: Mapped[datetime]


class RetentionRunRow(Base):
    """What one run of the retention removed so far; see `app.store.removal.runs`."""

    __tablename__ = "retention_runs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    known: Mapped[int]
    strangers: Mapped[int]
    pictures: Mapped[int]
    size: Mapped[int]
