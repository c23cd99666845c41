"""The addresses to type into a box are those by which it reaches this machine."""

import socket

import pytest

from app.cli.run import addresses as in_words
from app.config import Settings
from app.receiver import addresses
from app.receiver.addresses import is_for_this_machine_only, reachable


@pytest.mark.parametrize("bind", ["0.0.0.0:9528", "[::]:9528"])
def test_who_listens_everywhere_is_reached_by_each_of_the_machines_addresses(
    monkeypatch: pytest.MonkeyPatch, bind: str
) -> None:
    monkeypatch.setattr(addresses, "_leading_outside", lambda: "192.0.2.9")
    monkeypatch.setattr(addresses, "_of_interfaces", lambda: ["127.0.0.1", "10.0.0.1", "192.0.2.9"])
    assert reachable(bind) == ["192.0.2.9:9528", "10.0.0.1:9528"]


def test_without_a_network_there_is_the_loopback_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_leading_outside", lambda: "127.0.0.1")
    monkeypatch.setattr(addresses, "_of_interfaces", lambda: ["127.0.0.1"])
    assert reachable("0.0.0.0:1") == ["127.0.0.1:1"]


def test_the_interfaces_addresses_are_this_machines() -> None:
    for address in addresses._of_interfaces():
        with socket.socket() as listener:
            listener.bind((address, 0))  # fails for another machine's


@pytest.mark.parametrize(
    ("bind", "is_closed"),
    [("127.0.0.1:1", True), ("localhost:1", True), ("[::1]:1", True), ("192.0.2.9:1", False)],
)
def test_one_address_is_reached_by_itself(bind: str, is_closed: bool) -> None:
    assert reachable(bind) == [bind]
    assert is_for_this_machine_only(bind) is is_closed


def test_se3_run_says_what_stands_for_a_key_and_for_a_proxy_and_prints_no_key() -> None:
    told = in_words(Settings(receiver_bind="192.0.2.9:1"))
    assert told.splitlines()[1:] == [
        f"  http://192.0.2.9:1/{name}" for name in ("HistoryEvent", "RealTimeEvent", "DeviceStatus")
    ]
    told = in_words(Settings(receiver_bind="192.0.2.9:1", receiver_keys=("s3cret",)))
    assert "  http://192.0.2.9:1/KEY/HistoryEvent\n" in told
    assert "in the place of KEY" in told
    assert "s3cret" not in told
    told = in_words(Settings(receiver_bind="127.0.0.1:1", receiver_proxies=1))
    assert "  http://PROXY/HistoryEvent\n" in told
    assert "in the place of PROXY" in told
