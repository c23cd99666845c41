"""Who may log in at the strict hub, and how often (EnOS protocol, section 1)."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from app.enos.credentials import Credentials
from app.simulators.enos.front.counters import Counters
from app.simulators.enos.front.limits import ConnectLimit
from app.simulators.enos.front.login import LoginRefused
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub
from tests.simulators.logins import ACCEPTED, SECRETS, TIMESTAMP, credentials, log_in
from tests.simulators.sender import SECONDS, Sender, payload
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

NO_LIMIT = 1e-9  # as a time scale: no two connects are too close
UNAVAILABLE, LOCKED_OUT = "Server unavailable", "Not authorized"
TOO_SOON, LOCKS_OUT = "two connects within 1 s", "locked out for 300 s"


@pytest.fixture
def notices() -> list[str]:
    return []


@pytest.fixture
def hub(mosquitto: Mosquitto, notices: list[str]) -> Iterator[StrictHub]:
    with StrictHub(mosquitto.url, Rules(SECRETS, time_scale=NO_LIMIT), on_notice=notices.append) as hub:
        yield hub


@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_the_worked_example_of_the_documents_logs_in(
    mosquitto: Mosquitto, case: Callable[[str], str]
) -> None:
    example = Credentials(
        client_id="prodKey01|securemode=4,signmethod=sha256,timestamp=1548753362502|",
        username="%channel%&prodKey01",
        password=case("D6A5AD1C6581BC35E7916F0FE159F882EDCA93087A730F4B7DCDAC28D66DD77D"),
    )
    with StrictHub(mosquitto.url, Rules({"prodKey01": "prodSecret01"})) as hub:
        assert log_in(hub.url, example) == ACCEPTED
        assert (hub.counters.connects, hub.counters.refused_logins) == (1, 0)


@pytest.mark.parametrize(
    ("login", "answer", "notice"),
    [
        (credentials(password="0" * 64), "Bad user name or password", "does not sign"),
        (credentials(password="secret"), "Bad user name or password", "is not a SHA-256"),
        (
            credentials(client_id=credentials().client_id.replace("502|", "503|")),
            "Bad user name or password",
            "does not sign",
        ),
        (credentials(client_id="key"), "Client identifier not valid", "the client id is not key|"),
        (
            credentials(client_id=credentials("other").client_id),
            "Client identifier not valid",
            "the client id is not key|",
        ),
        (
            credentials(client_id=credentials().client_id.replace("=4", "=2")),
            "Client identifier not valid",
            "the client id is not key|",
        ),
        (credentials(username="key"), "Bad user name or password", "the user name is not"),
        (credentials(username="channel&key"), "Bad user name or password", "the user name is not"),
        (credentials(username="%channel%&third"), "Bad user name or password", "no product has the key"),
    ],
)
def test_a_wrong_login_is_refused(
    hub: StrictHub, notices: list[str], login: Credentials, answer: str, notice: str
) -> None:
    assert log_in(hub.url, login) == answer
    assert (hub.counters.connects, hub.counters.refused_logins) == (1, 1)
    assert notice in notices[0]


def test_another_protocol_is_refused(hub: StrictHub) -> None:
    assert (
        log_in(hub.url, credentials(), protocol=MQTTProtocolVersion.MQTTv31) == "Unsupported protocol version"
    )


@pytest.mark.parametrize(
    ("seconds", "answer"), [(59, LOCKED_OUT), (60, ACCEPTED), (300, ACCEPTED), (301, LOCKED_OUT)]
)
def test_the_keep_alive_has_a_range(hub: StrictHub, seconds: int, answer: str) -> None:
    assert log_in(hub.url, credentials(), keep_alive=seconds) == answer


@pytest.mark.parametrize(("password", "answer"), [("f" * 64, ACCEPTED), ("f", "Bad user name or password")])
def test_without_products_a_login_must_only_look_right(
    mosquitto: Mosquitto, password: str, answer: str
) -> None:
    with StrictHub(mosquitto.url, Rules()) as hub:
        assert log_in(hub.url, credentials(password=password)) == answer


def test_a_fifth_connect_locks_the_product_out_for_a_while(mosquitto: Mosquitto) -> None:
    """Wrong logins count as well; other products don't."""
    with StrictHub(mosquitto.url, Rules(SECRETS, time_scale=0.01)) as hub:
        for _ in range(4):
            assert log_in(hub.url, credentials(password="0" * 64)) != ACCEPTED
        assert log_in(hub.url, credentials()) == LOCKED_OUT
        assert hub.counters.lockouts == 1
        assert log_in(hub.url, credentials("other")) == ACCEPTED
        wait_until(lambda: log_in(hub.url, credentials()) == ACCEPTED)
        assert hub.counters.lockouts == 1


def test_two_connects_within_a_second_are_one_too_many(mosquitto: Mosquitto) -> None:
    with StrictHub(mosquitto.url, Rules(SECRETS)) as hub:
        assert [log_in(hub.url, credentials()) for _ in range(2)] == [ACCEPTED, UNAVAILABLE]
        assert (hub.counters.connects, hub.counters.refused_logins, hub.counters.lockouts) == (2, 1, 0)


@pytest.mark.parametrize(
    ("connects", "refusals"),
    [
        ([0, 1, 2, 3], ["", "", "", ""]),
        ([0, 0.99, 1.99], ["", TOO_SOON, ""]),
        ([0, 1, 2, 3, 119.9], ["", "", "", "", LOCKS_OUT]),
        ([0, 1, 2, 3, 120, 121, 122], ["", "", "", "", "", "", ""]),
        ([0, 1, 2, 3, 120, 120.9], ["", "", "", "", "", LOCKS_OUT]),
        ([0, 1, 2, 3, 4, 303, 304.1, 305.2], ["", "", "", "", LOCKS_OUT, "another 1.0 s", "", ""]),
    ],
)
def test_the_limit_on_connects_to_the_second(connects: list[float], refusals: list[str]) -> None:
    limit = ConnectLimit(Counters(), 1)
    for at, refusal in zip(connects, refusals, strict=True):
        with pytest.raises(LoginRefused, match=refusal) if refusal else nullcontext():
            limit.check(1000 + at)


def test_a_second_connection_of_a_product_pushes_the_first_out(hub: StrictHub, notices: list[str]) -> None:
    later = credentials(timestamp=TIMESTAMP + 1)  # of the same client id the broker lets only one in
    with Sender(hub.url, login=credentials()) as first, Sender(hub.url, login=later) as second:
        assert first.ended.wait(SECONDS)
        assert second.ask(payload(id="still here"))["id"] == "still here"
        assert hub.counters.pushed_out == 1
        assert hub.counters.most_connections_at_once == {"key": 2}
        assert notices == ["pushed out: key has logged in a second time"]


def test_who_leaves_before_coming_back_pushes_nobody_out(hub: StrictHub) -> None:
    for _ in range(3):
        with Sender(hub.url, login=credentials()), Sender(hub.url, login=credentials("other")):
            pass
    assert (hub.counters.connects, hub.counters.pushed_out) == (6, 0)
    assert hub.counters.most_connections_at_once == {"key": 1, "other": 1}
