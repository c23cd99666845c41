"""What a request wants written, as text that a later version of this program can read too."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import pybase64
from cattrs.preconf.orjson import make_converter

from app import jsontext
from app.domain.devices import StatusReport
from app.domain.events import NewEvent
from app.domain.refusals import Refusal
from app.store.batches import Item
from app.store.counters import Tally

_CLASSES: dict[str, type[Item]] = {
    "event": NewEvent,
    "report": StatusReport,
    "refusal": Refusal,
    "tally": Tally,
}
_NAMES = {cls: name for name, cls in _CLASSES.items()}

_converter = make_converter(forbid_extra_keys=True)  # of a newer version: what it adds must not be lost
_converter.register_unstructure_hook(bytes, lambda content: pybase64.b64encode(content).decode())
_converter.register_structure_hook(bytes, lambda text, _: pybase64.b64decode(text))
_converter.register_structure_hook(UUID, lambda text, _: UUID(text))
# A document is a text within the text: orjson would change its largest numbers.
_converter.register_unstructure_hook_func(lambda cls: cls == dict[str, Any], jsontext.dump)
_converter.register_structure_hook_func(lambda cls: cls == dict[str, Any], lambda text, _: json.loads(text))


def dumped(items: Sequence[Item]) -> bytes:
    """Items as JSON: a list of [class, fields]."""
    return orjson.dumps([[_NAMES[type(item)], _converter.unstructure(item)] for item in items])


def loaded(content: bytes) -> list[Item]:
    """The items.

    Raises:
        Exception: of any class; the text was not written by `dumped` of this version or an earlier one.
    """
    return [_converter.structure(fields, _CLASSES[name]) for name, fields in orjson.loads(content)]
