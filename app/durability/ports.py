"""Ports of the loopback address for servers that are killed and come back."""

import random
import socket

# Below the ports that Linux gives to outgoing connections: a client that tries again and again to reach a
# server that was killed would otherwise take the server's port one day.
CANDIDATES = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return found


def answers(port: int) -> bool:
    """Whether a server accepts connections on this port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    """Whether nobody listens on this port."""
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
