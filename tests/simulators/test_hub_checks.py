from typing import Any

import orjson
import pytest

from app.simulators.enos.checks import MAX_MESSAGE_BYTES, Judge
from tests.simulators.sender import element, message, payload


def with_event(value: Any, identifier: str = "face") -> bytes:
    return payload(params=[element(events={identifier: value})])


def padded(size: int) -> bytes:
    return orjson.dumps(message()).ljust(size)


def without(name: str) -> bytes:
    return orjson.dumps({key: value for key, value in message().items() if key != name})


@pytest.mark.parametrize(
    "accepted",
    [
        payload(),
        payload(params=[element(), element(deviceKey="device2")]),
        payload(params=[element(deviceKey="abcd"), element(deviceKey="k" * 64), element(time=0)]),
        with_event({}, "A-z_0." + "9" * 122),
        with_event({"text": "x" * 1024, "chinese": "明" * 341, "nested": {"list": [1, 2.5, True, "x"]}}),
        padded(MAX_MESSAGE_BYTES),
    ],
)
def test_what_the_document_allows_is_accepted(accepted: bytes) -> None:
    verdict = Judge().judge(accepted)
    assert (verdict.code, verdict.reason, verdict.id) == (200, "", "7")
    assert list(verdict.params) == orjson.loads(accepted)["params"]


@pytest.mark.parametrize(
    ("refused", "code", "reason"),
    [
        (b"", 1251, "the message is empty"),
        (b"{", 1220, "the message is not JSON"),
        (b"\xff", 1220, "the message is not JSON"),
        (b'{"id": NaN}', 1220, "the message is not JSON"),
        (b"[" * 5000, 1220, "the message is not JSON"),
        (b"[]", 460, "the message is not a JSON object"),
        (without("id"), 460, "id is not a string"),
        (payload(id=7), 460, "id is not a string"),
        (payload(version="1.1"), 460, 'version is not "1.0"'),
        (payload(method="integration.measurepoint.post"), 1260, "method is not"),
        (without("params"), 460, "params is not a list"),
        (payload(params={}), 460, "params is not a list"),
        (payload(params=[]), 460, "params is not a list"),
        (payload(params=["x"]), 460, "params[0] is not an object"),
        (payload(params=[element(deviceKey="abc")]), 460, "params[0].deviceKey"),
        (payload(params=[element(deviceKey="k" * 65)]), 460, "params[0].deviceKey"),
        (payload(params=[element(deviceKey=1234)]), 460, "params[0].deviceKey"),
        (payload(params=[element(), element(time="1579580182824")]), 460, "params[1].time"),
        (payload(params=[element(time=1579580182.5)]), 460, "params[0].time"),
        (payload(params=[element(time=True)]), 460, "params[0].time"),
        (payload(params=[element(time=-1)]), 460, "params[0].time"),
        (payload(params=[element(events=[])]), 460, "params[0].events"),
        (payload(params=[element(events={})]), 460, "params[0].events"),
        (with_event({}, ""), 1204, "identifier"),
        (with_event({}, "face event"), 1204, "identifier"),
        (with_event({}, "face\n"), 1204, "identifier"),
        (with_event({}, "ä"), 1204, "identifier"),
        (with_event({}, "x" * 129), 1204, "identifier"),
        (with_event(3), 1204, "params[0].events.face is not an object"),
        (with_event({"a": ""}), 1204, "1 to 1024 bytes"),
        (with_event({"a": "x" * 1025}), 1204, "1 to 1024 bytes"),
        (with_event({"a": "明" * 342}), 1204, "1 to 1024 bytes"),
        (with_event({"a": [{"b": ""}]}), 1204, "1 to 1024 bytes"),
        (with_event({"a": None}), 1204, "null"),
        (padded(MAX_MESSAGE_BYTES + 1), 1008, "524289 bytes"),
        (b"x" * (MAX_MESSAGE_BYTES + 1), 1008, "524289 bytes"),
    ],
)
def test_each_fault_has_its_code_and_says_what_is_wrong(refused: bytes, code: int, reason: str) -> None:
    verdict = Judge().judge(refused)
    assert verdict.code == code
    assert reason in verdict.reason
    assert verdict.params == ()


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        (payload(id="abc", params=[]), "abc"),
        (payload(id=12), 12),
        (payload(id=None), ""),
        (payload(id=["x"]), ""),
        (b"[]", ""),
        (b"{", ""),
        (orjson.dumps(message(id="big")).ljust(MAX_MESSAGE_BYTES + 1), "big"),
    ],
)
def test_a_refusal_names_the_message_s_id_where_there_is_one(sent: bytes, echoed: str | int) -> None:
    assert Judge().judge(sent).id == echoed
