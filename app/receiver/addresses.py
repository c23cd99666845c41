"""The addresses by which others reach what listens on this machine."""

import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence

from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS, STATUS_PATHS
from app.config import Settings

_PATHS = (HISTORY_PATHS[0], REALTIME_PATHS[0], STATUS_PATHS[0])
_ANYWHERE = ("0.0.0.0", "[::]")  # noqa: S104 - compared, not bound
_LOOPBACK = "127.0.0.1"
_GET_ADDRESS = 0x8915  # SIOCGIFADDR, netdevice(7)


def reachable(bind: str) -> list[str]:
    """Address and port by which others reach what listens on `bind`, once for each network.

    The first is on the network that leads outside.
    """
    host, _, port = bind.rpartition(":")
    return [f"{address}:{port}" for address in (_own_addresses() if host in _ANYWHERE else [host])]


def on_this_machine(bind: str) -> str:
    """Address and port by which this machine reaches what listens on `bind`."""
    host, _, port = bind.rpartition(":")
    return f"{_LOOPBACK if host in _ANYWHERE else host}:{port}"


def box_addresses(settings: Settings) -> Mapping[str, Sequence[str]]:
    """What to type into a box for history events, real-time events and status reports, by what leads here.

    KEY stands for one of RECEIVER_KEYS, which are told to nobody, and PROXY for the address of the proxy
    before the receiver, which only a person knows.
    """
    hosts = ["PROXY"] if settings.receiver_proxies else reachable(settings.receiver_bind)
    key = "/KEY" if settings.receiver_keys else ""
    return {host: [f"{scheme()}://{host}{key}{path}" for path in _PATHS] for host in hosts}


def has_tls() -> bool:
    """Whether gunicorn is told to speak TLS, by its own variable; receiver and console both read it."""
    return "--certfile" in os.environ.get("GUNICORN_CMD_ARGS", "")


def scheme() -> str:
    """How addresses of receiver and console begin."""
    return "https" if has_tls() else "http"


def is_for_this_machine_only(address: str) -> bool:
    """Whether no other machine reaches this address and port."""
    return address.startswith(("127.", "localhost:", "[::1]:"))


def _own_addresses() -> list[str]:
    found = dict.fromkeys([_leading_outside(), *_of_interfaces()])
    return [one for one in found if not one.startswith("127.")] or [_LOOPBACK]


def _leading_outside() -> str:
    """The address on the network that leads outside; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        except OSError:
            return _LOOPBACK
        return str(probe.getsockname()[0])


def _of_interfaces() -> Iterator[str]:
    """The IPv4 address of each network interface that has one; none where the system is no Linux."""
    if sys.platform != "linux":
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(probe, _GET_ADDRESS, struct.pack("256s", name.encode()))
            except OSError:  # it has none
                continue
            yield socket.inet_ntoa(found[20:24])
