"""Judges a message as EnOS does: accepted, or refused with a code and a reason.

Which code belongs to which fault: EnOS protocol, section 3. Its table leaves open which of the codes for
"payload not understood" an element of the wrong shape gets; here it is 460.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import Se3Error

ACCEPTED = 200
MAX_MESSAGE_BYTES = 524_288
METHOD = "integration.event.post"

_TOO_LARGE, _NOT_JSON, _EMPTY, _WRONG_METHOD, _WRONG_SHAPE, _NOT_IN_MODEL = 1008, 1220, 1251, 1260, 460, 1204
_IDENTIFIER = re.compile(r"[A-Za-z0-9\-_.]{1,128}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the hub makes of one message.

    `id` is the message's, "" where it has none. `code` is 200 and `params` the message's elements, or `code`
    is another one, `reason` says what is wrong and `params` is empty: a batch is all or nothing.
    """

    id: str | int
    code: int
    reason: str = ""
    params: tuple[dict[str, Any], ...] = ()


class _Refusal(Se3Error):
    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        super().__init__(reason)


def judge(payload: bytes) -> Verdict:
    """Check the payload of one message against EnOS protocol, sections 2 and 4."""
    try:
        _require(len(payload) <= MAX_MESSAGE_BYTES, _TOO_LARGE, f"{len(payload)} bytes are too many")
        message = _parse(payload)
        _check_envelope(message)
        for position, element in enumerate(message["params"]):
            _check_element(f"params[{position}]", element)
    except _Refusal as refusal:
        return Verdict(_id_in(payload), refusal.code, str(refusal))
    return Verdict(message["id"], ACCEPTED, params=tuple(message["params"]))


def _require(condition: object, code: int, reason: str) -> None:
    if not condition:
        raise _Refusal(code, reason)


def _parse(payload: bytes) -> Any:
    _require(payload, _EMPTY, "the message is empty")
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _Refusal(_NOT_JSON, f"the message is not JSON: {error}") from error


def _id_in(payload: bytes) -> str | int:
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:  # its verdict says so
        return ""
    found = message.get("id") if isinstance(message, dict) else None
    return found if isinstance(found, (str, int)) else ""


def _check_envelope(message: Any) -> None:
    _require(isinstance(message, dict), _WRONG_SHAPE, "the message is not a JSON object")
    _require(isinstance(message.get("id"), str), _WRONG_SHAPE, "id is not a string")
    _require(message.get("version") == "1.0", _WRONG_SHAPE, 'version is not "1.0"')
    _require(message.get("method") == METHOD, _WRONG_METHOD, f'method is not "{METHOD}"')
    params = message.get("params")
    _require(isinstance(params, list) and params, _WRONG_SHAPE, "params is not a list with elements")


def _check_element(where: str, element: Any) -> None:
    _require(isinstance(element, dict), _WRONG_SHAPE, f"{where} is not an object")
    key, time, events = (element.get(name) for name in ("deviceKey", "time", "events"))
    fits = isinstance(key, str) and 4 <= len(key) <= 64
    _require(fits, _WRONG_SHAPE, f"{where}.deviceKey is not a string of 4 to 64 characters")
    fits = type(time) is int and time >= 0  # True is an int to isinstance
    _require(fits, _WRONG_SHAPE, f"{where}.time is not a whole number of ms")
    _require(
        isinstance(events, dict) and events, _WRONG_SHAPE, f"{where}.events is not an object with events"
    )
    for identifier, value in events.items():
        _check_event(f"{where}.events.{identifier}", identifier, value)


def _check_event(where: str, identifier: str, value: Any) -> None:
    named = _IDENTIFIER.fullmatch(identifier)
    _require(named, _NOT_IN_MODEL, f"{where}: the identifier is not 1 to 128 of A-Z a-z 0-9 - _ .")
    _require(isinstance(value, dict), _NOT_IN_MODEL, f"{where} is not an object")
    for leaf in _leaves(value):
        _require(leaf is not None, _NOT_IN_MODEL, f"{where} holds null, which no EnOS type takes")
        fits = not isinstance(leaf, str) or 1 <= len(leaf.encode()) <= 1024
        _require(fits, _NOT_IN_MODEL, f"{where} holds a string that is not 1 to 1024 bytes long")


def _leaves(value: Any) -> Iterator[Any]:
    """Give every value that is no container, without recursion: a sender may nest deeply."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            yield item
