"""TCP ports on this machine."""

import itertools
import random
import socket

# Below the ports that Linux gives to outgoing connections: a client that tries again and again to reach a
# stopped server would otherwise take the server's port one day, or connect to itself.
_CANDIDATES = range(20_000, 32_000)
_untried = itertools.cycle(random.sample(_CANDIDATES, len(_CANDIDATES)))


def free_port() -> int:
    """Give a port nobody listens on, a different one with each call."""
    return next(port for port in itertools.islice(_untried, len(_CANDIDATES)) if _is_free(port))


def answers(port: int) -> bool:
    """Tell whether a server accepts connections on this port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:  # taken, or about to be
            return False
        return True
