"""The three forms in which firmware lines send an event, and where each has the contract's fields."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Path = tuple[str, ...]
"""The keys that lead to a value in a document."""


class Found(NamedTuple):
    """A contract field in a document: its value, and the path that leads to it.

    A tuple, because each event takes a dozen, and a frozen dataclass takes three times as long to make.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class FirmwareForm:
    """`places` lists for each contract field the paths to look at, in turn; `required` what must be there."""

    name: str
    places: Mapping[str, tuple[Path, ...]]
    required: frozenset[str]

    def find(self, document: dict[str, Any]) -> dict[str, Found]:
        """The contract fields that a document has; empty text and null give way to a value further on."""
        found: dict[str, Found] = {}
        for name, paths in self.places.items():
            if place := _first_of(document, paths):
                found[name] = place
        return found


def form_of(document: dict[str, Any]) -> FirmwareForm:
    """Tell a document's form by what is in it (SE3 protocol, section 4)."""
    return next((form for form, marks in _MARKS if not marks.isdisjoint(document)), NESTED)


def _in(container: str, *names: str) -> dict[str, tuple[Path, ...]]:
    """Fields that stand in `container`, or beside it where a sender flattened it."""
    return {name: ((container, name), (name,)) for name in names}


def _at(*names: str) -> dict[str, tuple[Path, ...]]:
    return {name: ((name,),) for name in names}


def _first_of(document: dict[str, Any], paths: tuple[Path, ...]) -> Found | None:
    first = None
    for path in paths:
        value: Any = document
        for step in path:
            if not isinstance(value, dict) or step not in value:
                break
            value = value[step]
        else:
            if value not in (None, ""):
                return Found(path, value)
            first = first or Found(path, value)
    return first


_EVERYWHERE = _at("identity_id", "identity_name", "timestamp", "score")
_EITHER_PLACE = ("device_ip", "ep_id", "dev_sno", "person_type", "device_type")
_MEASURED = ("grab_fiqa_info", "box_fiqa_info", "info")
_PICTURES = ("reg_pic", "spot_pic", "recognize_face", "ir_pic")

NESTED = FirmwareForm(
    "nested",
    {
        **_EVERYWHERE,
        **_at("group_name", "want_action", "ext_data", "reg_pic"),
        **_in("ext_data", *_EITHER_PLACE, *_MEASURED, *_PICTURES[1:]),
    },
    frozenset({"identity_id", "identity_name", "group_name", "timestamp", "score", "ext_data"}),
)
"""V2R1 to V2R4, V5R2, V5R3: the contract (SE3 protocol, section 2)."""

FLAT = FirmwareForm(
    "flat",
    {
        **_EVERYWHERE,
        **_at("want_action", "dev_sno", "person_type", *_PICTURES),
        "device_ip": (("ep_info", "ep_ip"), ("ep_ip",)),
        "ep_id": (("ep_info", "ep_id"), ("ep_id",)),
        "info": (("recognize_face_attr",),),
    },
    frozenset({"identity_id", "identity_name", "timestamp", "score"}),
)
"""V2R6, V5R4 to V5R7 (SE3 protocol, section 3)."""

V6 = FirmwareForm(
    "v6",
    {
        **_EVERYWHERE,
        "timestamp": (("timestamp",), ("in_timestamp",)),
        "want_action": (("post_action",),),
        "dev_sno": (("mq_license_key",),),
        "person_type": (("user_type",),),
        "device_ip": (("media_device_info", "media_device_ip"), ("media_device_ip",)),
        "ep_id": (("media_device_info", "media_device_id"), ("media_device_id",)),
        "info": (("recognize_face_attr",),),
        "reg_pic": (("reg_image",),),
        "spot_pic": (("spot_image",),),
        "recognize_face": (("recognize_face_image",),),
        "ir_pic": (("ir_image",),),
    },
    FLAT.required,
)
"""V6R1, V6R2 (SE3 protocol, section 4)."""

FORMS = (NESTED, FLAT, V6)

_MARKS = (
    (V6, frozenset({"media_device_info", "mq_license_key", "media_device_id", "media_device_ip"})),
    (FLAT, frozenset({"ep_info"})),
    (NESTED, frozenset({"ext_data"})),
    (V6, frozenset({"post_action", "user_type"})),  # from here on: what a form's sender left of the above
    (FLAT, frozenset({"ep_ip", "identity_info", "recognize_face_attr", "out_timestamp"})),
)

CONTAINERS = frozenset({"ext_data", "ep_info", "media_device_info", "recognize_face_attr", "identity_info"})
"""Objects at the top of an event, which senders of forms may flatten."""

PERSON_TYPES: dict[str, int | None] = {
    "employee": 1,
    "visitor": 2,
    "blacklist": 3,
    "stranger": 4,
    "vip": 5,
    "car": None,
}
"""V6's words for the numbers of the other forms (SE3 protocol, sections 2 and 4)."""

_NUMBERS = frozenset({"timestamp", "score", "person_type"})
_OBJECTS = frozenset({"ext_data", *_MEASURED})


def _names(fields: Container[str]) -> dict[str, str]:
    """What these fields are called in any form, with the contract's name of each."""
    return {
        path[-1]: name
        for form in FORMS
        for name in form.places
        if name in fields
        for path in form.places[name]
    }


PICTURE_NAMES = _names(_PICTURES)
"""Every name of a field that should hold a picture, with the contract's name for it."""

TEXT_NAMES = frozenset(_names(set(NESTED.places) - _NUMBERS - _OBJECTS - set(_PICTURES)))
"""The names of fields that hold text: never a number, whatever it looks like."""

SCALAR_NAMES = TEXT_NAMES | _names(_NUMBERS).keys() | PICTURE_NAMES.keys()
"""The names of all fields that hold one value, and so never an object or a list."""
