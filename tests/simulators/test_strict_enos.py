"""What a strict hub makes of messages, and what it does on demand."""

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest

from app.simulators.enos.checks import Verdict
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.hub import Hub
from app.simulators.enos.model import read_model
from app.simulators.enos.strict_hub import StrictHub
from tests.simulators.logins import SECRETS, credentials
from tests.simulators.models import member, model
from tests.simulators.sender import SECONDS, TOPIC, Sender, element, payload
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

MEASURE_POINTS = TOPIC.replace("event", "measurepoint")
MODEL = read_model(model(member("level", "INT"), member("score", "FLOAT")))
RULES = Rules(SECRETS, MODEL, frozenset({"device1", "device2"}), time_scale=1e-9)


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[StrictHub]:
    with StrictHub(mosquitto.url, RULES) as hub:
        yield hub


@pytest.fixture
def sender(hub: StrictHub) -> Iterator[Sender]:
    with Sender(hub.url, login=credentials()) as sender:
        yield sender


@contextmanager
def points_sender(hub: StrictHub) -> Iterator[Sender]:
    with Sender(hub.url, MEASURE_POINTS, credentials()) as sender:
        yield sender


def points(**values: object) -> bytes:
    """A message with measure points."""
    posted = {"deviceKey": "device1", "time": 1, "measurepoints": values}
    return payload(method="integration.measurepoint.post", params=[posted])


@pytest.mark.parametrize(
    ("wrong", "code", "reason"),
    [
        (element(events={"face": {"level": 3.0}}), 1204, "params[1].events.face.level is not an INT"),
        (element(events={"face": {"score": 3}}), 1204, "params[1].events.face.score is not a number with"),
        (element(events={"face": {"size": 3}}), 1204, "params[1].events.face.size is not in the model"),
        (element(events={"fire": {}}), 1204, "params[1].events.fire is not in the model"),
        (element(deviceKey="device3"), 1257, "params[1].deviceKey: no device device3 is registered"),
        (element(deviceKey="device3", events={"fire": {}}), 1257, "params[1].deviceKey"),
        (element(deviceKey=3), 460, "params[1].deviceKey"),
    ],
)
def test_a_batch_is_all_or_nothing_and_the_first_fault_is_the_answer(
    hub: StrictHub, sender: Sender, wrong: dict[str, object], code: int, reason: str
) -> None:
    other = element(events={"other fault": {}})
    reply = sender.ask(payload(params=[element(), wrong, other]))
    assert (reply["code"], reply["message"][: len(reason)]) == (code, reason)
    assert hub.wait_for_messages(1, SECONDS)
    assert (hub.events, hub.refused, hub.received, hub.times) == (0, 1, [], {})


def test_what_fits_model_and_devices_is_accepted_and_counted(hub: StrictHub, sender: Sender) -> None:
    fitting = element(deviceKey="device2", time=5, events={"face": {"level": 3, "score": 0.5}})
    for params in ([element(time=4), fitting], [fitting]):
        assert sender.ask(payload(params=params))["code"] == 200
    assert hub.wait_for_events(3, SECONDS)
    assert hub.times == {("device1", 4): 1, ("device2", 5): 2}


@pytest.mark.parametrize(
    ("sent", "code"), [(points(level=3, score=0.5), 200), (points(level=0.5), 1204), (points(size=3), 1204)]
)
def test_measure_points_are_judged_and_answered_on_their_own_topic(
    hub: StrictHub, sent: bytes, code: int
) -> None:
    with points_sender(hub) as sender:
        assert sender.ask(sent)["code"] == code


def test_measure_points_are_judged_without_a_front_or_a_model(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub, Sender(mosquitto.url, f"/{MEASURE_POINTS}") as sender:
        assert sender.ask(points(level=3, info={"age": 3}))["code"] == 200
        assert sender.ask(points(name=""))["code"] == 1204
        assert sender.ask(points(**{"a b": 1}))["code"] == 1204
        assert hub.wait_for_messages(3, SECONDS)
        assert hub.received == orjson.loads(points(level=3, info={"age": 3}))["params"]


def test_the_method_must_fit_the_topic(hub: StrictHub, sender: Sender) -> None:
    assert sender.ask(points(level=3))["code"] == 1260
    with points_sender(hub) as other:
        assert other.ask(payload())["code"] == 1260


def test_each_message_is_told_to_the_callback(mosquitto: Mosquitto) -> None:
    told: queue.SimpleQueue[tuple[str, Verdict]] = queue.SimpleQueue()
    hub = StrictHub(mosquitto.url, RULES, on_message=lambda topic, verdict: told.put((topic, verdict)))
    with hub, Sender(hub.url, login=credentials()) as sender:
        sender.send(payload(id="1"))
        sender.send(payload(id="2"), "sys/key/astray")
        seen = [told.get(timeout=SECONDS) for _ in range(2)]
    assert [(topic, verdict.id, verdict.code) for topic, verdict in seen] == [
        (TOPIC, "1", 200),
        ("sys/key/astray", "2", 402),
    ]


def test_a_share_of_replies_can_be_lost_while_all_is_accepted(hub: StrictHub, sender: Sender) -> None:
    hub.silence_share = 0.3
    for number in range(200):
        sender.send(payload(id=str(number)))
    assert hub.wait_for_events(200, SECONDS)
    hub.silence_share = 0
    assert 30 < 200 - replies_until_last(sender) < 90


def replies_until_last(sender: Sender) -> int:
    """Send one more message, and give how many replies come before its own."""
    sender.send(payload(id="last"))
    ids = iter(lambda: sender.replies.get(timeout=SECONDS)["id"], "last")
    return len(list(ids))


def test_replies_can_come_late_and_then_in_time_again(hub: StrictHub, sender: Sender) -> None:
    hub.late_seconds = 0.4
    sender.send(payload(id="late"))
    began = time.monotonic()
    assert hub.wait_for_events(1, SECONDS)
    hub.late_seconds = 0
    assert sender.ask(payload(id="in time"))["id"] == "in time"
    assert sender.replies.get(timeout=SECONDS)["id"] == "late"
    assert time.monotonic() - began > 0.35


def test_a_share_of_replies_can_come_late(hub: StrictHub, sender: Sender) -> None:
    hub.late_seconds, hub.late_share = 3600, 0.5
    for number in range(50):
        sender.send(payload(id=str(number)))
    assert hub.wait_for_events(50, SECONDS)
    hub.late_seconds = 0
    assert 10 < replies_until_last(sender) < 40


@pytest.mark.parametrize(
    ("sent", "echoed"), [("12", 12), ("9" * 18, 10**18 - 1), ("012", "012"), ("a", "a"), ("9" * 19, "9" * 19)]
)
def test_ids_can_come_back_as_numbers(hub: StrictHub, sender: Sender, sent: str, echoed: object) -> None:
    hub.numeric_ids = True
    assert sender.ask(payload(id=sent))["id"] == echoed


def test_the_flow_can_be_restricted_for_a_while(hub: StrictHub, sender: Sender) -> None:
    hub.restrict(0.5)
    assert sender.ask(payload())["code"] == 1274
    assert hub.wait_for_messages(1, SECONDS)
    assert (hub.events, hub.refused) == (0, 1)
    wait_until(lambda: sender.ask(payload())["code"] == 200)


@pytest.mark.parametrize(
    ("demand", "answer"),
    [(lambda hub: setattr(hub, "code", 500), 500), (lambda hub: setattr(hub, "silent", True), None)],
)
def test_one_code_or_silence_for_all(
    hub: StrictHub, sender: Sender, demand: Callable[[StrictHub], None], answer: int | None
) -> None:
    demand(hub)
    sender.send(payload(id="first"))
    assert hub.wait_for_messages(1, SECONDS)
    hub.code, hub.silent = 200, False
    sender.send(payload(id="second"))
    codes = {"second": 200} | ({"first": answer} if answer else {})
    replies = [sender.replies.get(timeout=SECONDS) for _ in codes]
    assert {reply["id"]: reply["code"] for reply in replies} == codes
