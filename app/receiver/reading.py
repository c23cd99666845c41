"""Decoded documents become events with their pictures, ready to be recorded."""

from typing import Any, overload

from app.domain.events import Arrival, FaceEvent, Kind, NewEvent, PictureUse
from app.domain.fingerprint import fingerprint
from app.domain.ids import new_id
from app.domain.pointers import pointer
from app.errors import Invalid, Problem
from app.receiver.decoding import Decoded, Encoding
from app.receiver.pictures import take_pictures
from app.receiver.schemas import dev_sno_of, either_place, validate


def read_events(kind: Kind, decoded: Decoded, arrival: Arrival) -> list[NewEvent]:
    """Take the documents of a body apart into what is stored.

    Raises:
        Invalid: at least one breaks the contract; with all that is wrong in any of them.
    """
    read: list[NewEvent] = []
    problems: list[Problem] = []
    for index, document in enumerate(decoded.documents):
        try:
            read.append(_read(kind, document, decoded.encoding, arrival))
        except Invalid as error:
            place = pointer(index) if decoded.is_array else ""
            problems += [Problem(place + problem.pointer, problem.detail) for problem in error.problems]
    if problems:
        raise Invalid(problems)
    return read


def _read(kind: Kind, document: dict[str, Any], encoding: Encoding, arrival: Arrival) -> NewEvent:
    pictures = take_pictures(document, restore_plus=encoding == Encoding.URLENCODED)
    loaded = validate(kind, document, is_form=encoding != Encoding.JSON)
    return NewEvent(_event(kind, document, encoding, loaded, pictures, arrival), pictures)


def _event(
    kind: Kind,
    document: dict[str, Any],
    encoding: Encoding,
    loaded: dict[str, Any],
    pictures: tuple[PictureUse, ...],
    arrival: Arrival,
) -> FaceEvent:
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
        typed=encoding == Encoding.JSON,
        fingerprint=fingerprint(document, {use.pointer: use.picture.sha256 for use in pictures}),
    )


@overload
def _storable(text: str) -> str: ...
@overload
def _storable(text: str | None) -> str | None: ...
def _storable(text: str | None) -> str | None:
    """Neither SQL text column holds U+0000; the document keeps it, escaped."""
    return text and text.replace("\x00", "\ufffd")
