import gc
import queue

import pytest

from app.errors import ChannelError
from app.simulators.enos.checks import Verdict
from app.simulators.enos.hub import Hub
from tests.simulators.fake_broker import fake_broker
from tests.simulators.sender import SECONDS, TOPIC, Sender, element, payload
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.waiting import wait_until

LOGIN_ACCEPTED, LOGIN_REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"
SUBSCRIPTION_REFUSED = b"\x90\x04??\x80\x80"


@pytest.mark.parametrize("topic", [TOPIC, f"/{TOPIC}"])
def test_the_reply_comes_on_the_topic_s_own_form_with_the_id(mosquitto: Mosquitto, topic: str) -> None:
    with Hub(mosquitto.url), Sender(mosquitto.url, topic) as sender:
        assert sender.ask(payload(id="123")) == {"id": "123", "code": 200, "data": {}}


def test_the_reply_stays_with_the_product_key(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url), Sender(mosquitto.url, TOPIC.replace("key", "other")) as other:
        with Sender(mosquitto.url) as sender:
            assert sender.ask(payload(id="mine"))["id"] == "mine"
        assert other.ask(payload(id="theirs"))["id"] == "theirs"


def test_who_subscribes_after_publishing_gets_no_reply(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub, Sender(mosquitto.url) as early:
        early.ask(payload(id="before"))
        assert hub.wait_for_messages(1, SECONDS)
        with Sender(mosquitto.url) as late:
            assert late.ask(payload(id="after"))["id"] == "after"


def test_a_wrong_message_is_refused_with_code_and_message_and_counted(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub, Sender(mosquitto.url) as sender:
        reply = sender.ask(payload(id="9", params=[element(), element(deviceKey="abc")]))
        assert hub.wait_for_messages(1, SECONDS)
    assert (reply["id"], reply["code"], reply["data"]) == ("9", 460, {})
    assert "params[1].deviceKey" in reply["message"]
    assert (hub.messages, hub.refused, hub.events, hub.received) == (1, 1, 0, [])


def test_accepted_elements_are_counted_and_kept(mosquitto: Mosquitto) -> None:
    elements = [element(deviceKey=f"device{number}") for number in range(3)]
    with Hub(mosquitto.url) as hub, Sender(mosquitto.url) as sender:
        sender.send(payload(params=elements[:2]))
        sender.send(payload(params=elements[2:]))
        assert hub.wait_for_events(3, SECONDS)
    assert (hub.messages, hub.refused, hub.events, hub.received) == (2, 0, 3, elements)


@pytest.mark.parametrize("keep", [0, 2])
def test_only_the_latest_elements_are_kept(mosquitto: Mosquitto, keep: int) -> None:
    elements = [element(time=number) for number in range(5)]
    with Hub(mosquitto.url, keep=keep) as hub, Sender(mosquitto.url) as sender:
        sender.send(payload(params=elements))
        assert hub.wait_for_events(5, SECONDS)
    assert hub.received == elements[5 - keep :]


def test_waiting_in_vain_ends_in_time(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub:
        assert not hub.wait_for_events(1, 0.05)
        assert not hub.wait_for_messages(1, 0.05)


def test_a_hub_can_answer_every_message_with_one_code_and_recover(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url, code=500) as hub, Sender(mosquitto.url) as sender:
        assert sender.ask(payload())["code"] == 500
        hub.code = 200
        assert sender.ask(payload())["code"] == 200
        assert hub.wait_for_messages(2, SECONDS)
    assert (hub.messages, hub.refused, hub.events) == (2, 1, 1)


def test_a_silent_hub_accepts_without_an_answer(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url, silent=True) as hub, Sender(mosquitto.url) as sender:
        sender.send(payload(id="lost"))
        assert hub.wait_for_events(1, SECONDS)
        hub.silent = False
        assert sender.ask(payload(id="next"))["id"] == "next"


def test_each_message_is_told_to_the_callback(mosquitto: Mosquitto) -> None:
    told: queue.SimpleQueue[tuple[str, Verdict]] = queue.SimpleQueue()
    hub = Hub(mosquitto.url, on_message=lambda topic, verdict: told.put((topic, verdict)))
    with hub, Sender(mosquitto.url) as sender:
        sender.send(payload(id="1"))
        sender.send(b"{")
        seen = [told.get(timeout=SECONDS) for _ in range(2)]
    assert [(topic, verdict.code) for topic, verdict in seen] == [(TOPIC, 200), (TOPIC, 1220)]


def test_after_the_broker_was_away_the_hub_answers_again(mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub:
        mosquitto.stop()
        wait_until(lambda: not hub.wait_until_subscribed(0))
        mosquitto.start()
        assert hub.wait_until_subscribed(SECONDS)
        with Sender(mosquitto.url) as sender:
            assert sender.ask(payload())["code"] == 200


def test_user_and_password_of_the_url_are_sent() -> None:
    with fake_broker(LOGIN_REFUSED) as (port, packets), pytest.raises(ChannelError):
        Hub(f"mqtt://%25channel%25&key:p%40ss@127.0.0.1:{port}").start()
    assert packets[0].endswith(b"\x00\x0d%channel%&key\x00\x04p@ss")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([LOGIN_REFUSED], "refused the login: Not authorized"),
        ([LOGIN_ACCEPTED, SUBSCRIPTION_REFUSED], "refused the subscription"),
    ],
)
def test_a_broker_that_refuses_is_a_channel_error(answers: list[bytes], reason: str) -> None:
    with fake_broker(*answers) as (port, _), pytest.raises(ChannelError, match=reason):
        Hub(f"mqtt://127.0.0.1:{port}").start()


def test_a_broker_that_is_not_there_is_a_channel_error() -> None:
    with pytest.raises(ChannelError, match=r"127\.0\.0\.1 can't be reached"):
        Hub(f"mqtt://127.0.0.1:{free_port()}").start()


# paho 2.2.0 leaves the socket of a failed handshake to the garbage collector, which warns.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_without_tls_is_a_channel_error_over_mqtts(mosquitto: Mosquitto) -> None:
    with pytest.raises(ChannelError, match="can't be reached"):
        Hub(mosquitto.url.replace("mqtt:", "mqtts:")).start()
    gc.collect()  # so that it warns here, not in a later test


@pytest.mark.parametrize("url", ["", "localhost:1883", "http://host", "mqtt://", "mqtt://host:port"])
def test_a_wrong_url_is_a_channel_error(url: str) -> None:
    with pytest.raises(ChannelError, match="must look like"):
        Hub(url)
