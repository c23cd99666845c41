"""Decoded documents become events with their pictures, ready to be recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any, overload

from app.config import Settings
from app.domain.events import Arrival, FaceEvent, Kind, NewEvent
from app.domain.fingerprint import fingerprint
from app.domain.ids import new_id
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning, WarningCode
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.event.checking import Checked, check, dev_sno_of
from app.receiver.event.pictures import Pictures, take_pictures

_FIRST_BOXES = datetime(2010, 1, 1, tzinfo=UTC)  # a clock that says less was never set
_CLOCKS_DIFFER = timedelta(minutes=5)


def read_events(kind: Kind, decoded: Decoded, arrival: Arrival, settings: Settings) -> list[NewEvent]:
    """Take the documents of a body apart into what is stored.

    Raises:
        Invalid: at least one breaks the contract; with all that is wrong in any of them.
    """
    return decoded.read_each(
        lambda document: _read(kind, document, decoded, arrival, lenient=settings.lenient)
    )


def _read(
    kind: Kind, document: dict[str, Any], decoded: Decoded, arrival: Arrival, *, lenient: bool
) -> NewEvent:
    pictures = take_pictures(document, restore_plus=decoded.encoding == Encoding.URLENCODED)
    checked = check(kind, document, is_form=decoded.encoding != Encoding.JSON, lenient=lenient)
    event = _event(kind, document, decoded.encoding, checked, pictures, arrival)
    warnings = [*decoded.warnings, *pictures.warnings, *checked.warnings, *_clock_warnings(checked, arrival)]
    return NewEvent(event, tuple(pictures.uses), tuple(warnings))


def _event(
    kind: Kind,
    document: dict[str, Any],
    encoding: Encoding,
    checked: Checked,
    pictures: Pictures,
    arrival: Arrival,
) -> FaceEvent:
    values, event_id = checked.values, new_id()
    return FaceEvent(
        id=event_id,
        sighting_id=event_id,
        kind=kind,
        route=arrival.route,
        source_address=arrival.source_address,
        received_at=arrival.received_at,
        occurred_at=values["timestamp"],
        timestamp=str(checked.found["timestamp"].value),
        identity_id=_storable(values["identity_id"]),
        identity_name=_storable(values.get("identity_name")),
        group_name=_storable(values.get("group_name")),
        score=values.get("score"),
        want_action=_storable(values.get("want_action")),
        dev_sno=_storable(dev_sno_of(values)),
        device_ip=_storable(values.get("device_ip")),
        ep_id=_storable(values.get("ep_id")),
        person_type=values.get("person_type"),
        device_type=_storable(values.get("device_type")),
        grab_fiqa_info=values.get("grab_fiqa_info"),
        box_fiqa_info=values.get("box_fiqa_info"),
        info=values.get("info"),
        document=document,
        typed=encoding == Encoding.JSON,
        fingerprint=fingerprint(document, {use.pointer: use.picture.sha256 for use in pictures.uses}),
    )


def _clock_warnings(checked: Checked, arrival: Arrival) -> list[EventWarning]:
    """A box whose clock is wrong is believed, but not in silence (SE3 protocol, section 7)."""
    occurred_at, place = checked.values["timestamp"], pointer(*checked.found["timestamp"].path)
    if occurred_at < _FIRST_BOXES:
        detail = f"is {occurred_at:%Y-%m-%d}: the box's clock was not set"
        return [EventWarning(WarningCode.CLOCK_BEHIND, place, detail)]
    if occurred_at > arrival.received_at + _CLOCKS_DIFFER:
        detail = f"is later than the event's arrival by {occurred_at - arrival.received_at}"
        return [EventWarning(WarningCode.CLOCK_AHEAD, place, detail)]
    return []


@overload
def _storable(text: str) -> str: ...
@overload
def _storable(text: str | None) -> str | None: ...
def _storable(text: str | None) -> str | None:
    """Neither SQL text column holds U+0000; the document keeps it, escaped."""
    return text and text.replace("\x00", "\ufffd")
