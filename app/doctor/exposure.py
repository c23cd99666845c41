"""Who can reach the receiver and the console, and whether others can listen."""

from collections.abc import Iterator

from app.config import Settings
from app.doctor.findings import Finding, ok, warning
from app.receiver.addresses import has_tls, is_for_this_machine_only

_SENDERS = "who may send"
_CONSOLE = "console"


def of_receiver(settings: Settings) -> Iterator[Finding]:
    """Whether strangers may send, and whether they can make up where they send from."""
    is_local = is_for_this_machine_only(settings.receiver_bind)
    limits = {
        "RECEIVER_KEYS": bool(settings.receiver_keys),
        "RECEIVER_NETWORKS": bool(settings.receiver_networks),
    }
    if any(limits.values()):
        names = " and ".join(name for name, is_set in limits.items() if is_set)
        yield ok(_SENDERS, f"{names} say who may")
    elif is_local and not settings.receiver_proxies:
        yield ok(_SENDERS, f"programs on this machine alone: RECEIVER_BIND is {settings.receiver_bind}")
    else:
        yield warning(
            _SENDERS,
            f"whoever reaches {settings.receiver_bind} may: RECEIVER_KEYS and RECEIVER_NETWORKS are unset",
            "On a network with nothing but boxes that is well. Else: docs/how-to/say-who-may-send.md",
        )
    if settings.receiver_proxies and not is_local:
        yield _passable("the receiver", "RECEIVER_BIND=127.0.0.1:9528", _SENDERS)


def of_console(settings: Settings) -> Iterator[Finding]:
    """Whether passwords and faces go through a network in the clear."""
    if is_for_this_machine_only(settings.console_bind):
        yield ok(_CONSOLE, f"only this machine reaches it, at {settings.console_bind}")
    elif has_tls():
        yield ok(_CONSOLE, f"it speaks TLS at {settings.console_bind}")
    elif settings.console_proxies:
        yield _passable("the console", "CONSOLE_BIND=127.0.0.1:9529", _CONSOLE)
    else:
        yield warning(
            _CONSOLE,
            f"{settings.console_bind} is open to others in plain HTTP: they can read passwords and see faces",
            "Set CONSOLE_BIND=127.0.0.1:9529 and put TLS before it: docs/how-to/run-as-a-service.md;"
            " in a container, publish it at 127.0.0.1 alone",
        )


def _passable(what: str, setting: str, subject: str) -> Finding:
    return warning(
        subject,
        f"{what} believes a proxy, and others may reach it past that one and claim any address",
        f"Set {setting}; in a container, publish the proxy's port alone",
    )
