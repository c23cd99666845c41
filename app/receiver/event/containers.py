"""Senders of forms lose the objects of an event: they flatten them, or send only the names in them."""

import re
from typing import Any

from app.domain.firmware import CONTAINERS, NESTED, FirmwareForm
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning, WarningCode

_NAME = re.compile(r"\w+", re.ASCII)
_FLATTENED = frozenset(paths[1][0] for paths in NESTED.places.values() if len(paths) > 1)


def restore_containers(
    form: FirmwareForm, document: dict[str, Any]
) -> tuple[dict[str, Any], list[EventWarning]]:
    """The document of a form with an empty object where its sender left one out (SE3 protocol, section 5).

    Where only the names came, as Python's requests sends a nested dict, there is a warning too.
    """
    lost = [name for name in sorted(CONTAINERS & document.keys()) if _holds_only_names(document[name])]
    empty: dict[str, Any] = {name: {} for name in CONTAINERS if name in lost or document.get(name) == ""}
    if form is NESTED and "ext_data" not in document and not _FLATTENED.isdisjoint(document):
        empty["ext_data"] = {}
    return document | empty, [_lost(name) for name in lost]


def _holds_only_names(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and _NAME.fullmatch(name) for name in names)


def _lost(name: str) -> EventWarning:
    detail = "holds only names: its sender lost the values"
    return EventWarning(WarningCode.VALUES_LOST, pointer(name), detail)
