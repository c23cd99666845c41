"""The addresses to type into a box are those by which it reaches this machine."""

import socket

import pytest

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
