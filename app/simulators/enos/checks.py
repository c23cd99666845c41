"""Judges a message as EnOS does: accepted, or refused with a code and a reason.

Which code belongs to which fault: EnOS protocol, section 3. Its table leaves open which of the codes for
"payload not understood" an element of the wrong shape gets; here it is 460.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from app.errors import Se3Error
from app.simulators.enos.model import Model
from app.simulators.enos.types import Check, object_shape, shape

ACCEPTED = 200
MAX_MESSAGE_BYTES = 524_288
EVENTS = "integration.event.post"
MEASURE_POINTS = "integration.measurepoint.post"
METHODS = {"integration/event/post": EVENTS, "integration/measurepoint/post": MEASURE_POINTS}
"""The method that belongs to each topic, which is named without `sys/{productKey}/`."""

_TOO_LARGE, _NOT_JSON, _EMPTY, _WRONG_METHOD, _WRONG_SHAPE = 1008, 1220, 1251, 1260, 460
_NO_DEVICE, _NOT_IN_MODEL = 1257, 1204
_IDENTIFIER = re.compile(r"[A-Za-z0-9\-_.]{1,128}")
_VALUES = {EVENTS: "events", MEASURE_POINTS: "measurepoints"}


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


class Judge:
    """Knows a product's model and devices, as far as there are any."""

    def __init__(self, model: Model | None = None, devices: AbstractSet[str] | None = None) -> None:
        """Without a model only the shape of values is checked; without devices every key is one."""
        self._devices = devices
        self._checks = {EVENTS: model.events, MEASURE_POINTS: model.measurepoints} if model else {}

    def judge(self, payload: bytes, method: str = EVENTS) -> Verdict:
        """Check the payload of one message against EnOS protocol, sections 2 and 4.

        `method`: the one that belongs to the topic.
        """
        try:
            message = _parse(payload)
            _check_envelope(message, method)
            for position, element in enumerate(message["params"]):
                self._check_element(f"params[{position}]", element, method)
        except _Refusal as refusal:
            return refuse(payload, refusal.code, str(refusal))
        return Verdict(message["id"], ACCEPTED, params=tuple(message["params"]))

    def _check_element(self, where: str, element: Any, method: str) -> None:
        member = _VALUES[method]
        values = _checked_values(where, element, member)
        if self._devices is not None and element["deviceKey"] not in self._devices:
            raise _Refusal(_NO_DEVICE, f"{where}.deviceKey: no device {element['deviceKey']} is registered")
        for identifier, value in values.items():
            if fault := self._check_for(method, identifier)(value):
                raise _Refusal(_NOT_IN_MODEL, f"{where}.{member}.{identifier}{fault}")

    def _check_for(self, method: str, identifier: str) -> Check:
        if method in self._checks:
            return self._checks[method].get(identifier, _unknown)
        if not _is_identifier(identifier):
            return _misnamed
        return object_shape if method == EVENTS else shape


def refuse(payload: bytes, code: int, reason: str) -> Verdict:
    """Refuse a message for what need not be wrong with its payload."""
    try:
        message = orjson.loads(payload)
    except orjson.JSONDecodeError:
        message = None
    found = message.get("id") if isinstance(message, dict) else None
    return Verdict(found if isinstance(found, (str, int)) else "", code, reason)


def _parse(payload: bytes) -> Any:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise _Refusal(_TOO_LARGE, f"{len(payload)} bytes are too many")
    if not payload:
        raise _Refusal(_EMPTY, "the message is empty")
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _Refusal(_NOT_JSON, f"the message is not JSON: {error}") from error


def _check_envelope(message: Any, method: str) -> None:
    if not isinstance(message, dict):
        raise _Refusal(_WRONG_SHAPE, "the message is not a JSON object")
    if not isinstance(message.get("id"), str):
        raise _Refusal(_WRONG_SHAPE, "id is not a string")
    if message.get("version") != "1.0":
        raise _Refusal(_WRONG_SHAPE, 'version is not "1.0"')
    if message.get("method") != method:
        raise _Refusal(_WRONG_METHOD, f'method is not "{method}"')
    params = message.get("params")
    if not isinstance(params, list) or not params:
        raise _Refusal(_WRONG_SHAPE, "params is not a list with elements")


def _checked_values(where: str, element: Any, member: str) -> dict[str, Any]:
    """Check an element but for its events or measure points, and give those."""
    if not isinstance(element, dict):
        raise _Refusal(_WRONG_SHAPE, f"{where} is not an object")
    key, time, values = element.get("deviceKey"), element.get("time"), element.get(member)
    if not (isinstance(key, str) and 4 <= len(key) <= 64):
        raise _Refusal(_WRONG_SHAPE, f"{where}.deviceKey is not a string of 4 to 64 characters")
    if type(time) is not int or time < 0:  # True is an int to isinstance
        raise _Refusal(_WRONG_SHAPE, f"{where}.time is not a whole number of ms")
    if not isinstance(values, dict) or not values:
        raise _Refusal(_WRONG_SHAPE, f"{where}.{member} is not an object with {member}")
    return values


@lru_cache(1024)
def _is_identifier(text: str) -> bool:
    return bool(_IDENTIFIER.fullmatch(text))


def _misnamed(_value: Any) -> str:
    return ": the identifier is not 1 to 128 of A-Z a-z 0-9 - _ ."


def _unknown(_value: Any) -> str:
    return " is not in the model"
