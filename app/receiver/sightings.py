"""A decoded body becomes an event with its pictures, ready to be recorded."""

from typing import Any, overload

from app.domain.events import Arrival, FaceEvent, Kind, PictureUse, Sighting
from app.domain.fingerprint import fingerprint
from app.domain.ids import new_id
from app.receiver.decoding import Decoded, Encoding
from app.receiver.pictures import take_pictures
from app.receiver.schemas import dev_sno_of, either_place, validate


def read_sighting(kind: Kind, decoded: Decoded, arrival: Arrival) -> Sighting:
    """Take a document apart into what is stored.

    Raises:
        Invalid: the document breaks the contract.
    """
    document = decoded.document
    pictures = take_pictures(document, restore_plus=decoded.encoding == Encoding.URLENCODED)
    loaded = validate(kind, document, is_form=decoded.encoding != Encoding.JSON)
    return Sighting(_event(kind, decoded, loaded, pictures, arrival), pictures)


def _event(
    kind: Kind,
    decoded: Decoded,
    loaded: dict[str, Any],
    pictures: tuple[PictureUse, ...],
    arrival: Arrival,
) -> FaceEvent:
    document = decoded.document
    return FaceEvent(
        id=new_id(),
        kind=kind,
        route=arrival.route,
        source_address=arrival.source_address,
        received_at=arrival.received_at,
        occurred_at=loaded["timestamp"],
        timestamp=str(document["timestamp"]),
        identity_id=_storable(loaded["identity_id"]),
        identity_name=_storable(loaded["identity_name"]),
        group_name=_storable(loaded["group_name"]),
        score=loaded["score"],
        want_action=_storable(loaded.get("want_action")),
        dev_sno=_storable(dev_sno_of(loaded)),
        device_ip=_storable(either_place(loaded, "device_ip")),
        ep_id=_storable(either_place(loaded, "ep_id")),
        person_type=either_place(loaded, "person_type"),
        device_type=_storable(either_place(loaded, "device_type")),
        grab_fiqa_info=either_place(loaded, "grab_fiqa_info"),
        box_fiqa_info=either_place(loaded, "box_fiqa_info"),
        info=either_place(loaded, "info"),
        document=document,
        typed=decoded.encoding == Encoding.JSON,
        fingerprint=fingerprint(document, {use.pointer: use.picture.sha256 for use in pictures}),
    )


@overload
def _storable(text: str) -> str: ...
@overload
def _storable(text: str | None) -> str | None: ...
def _storable(text: str | None) -> str | None:
    """Neither SQL text column holds U+0000; the document keeps it, escaped."""
    return text and text.replace("\x00", "\ufffd")
