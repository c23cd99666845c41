"""Does a receiver listen where the boxes are sent, and is it ready?"""

from collections.abc import Iterator

import urllib3

from app.config import Settings
from app.doctor.findings import Finding, ok, warning, wrong
from app.receiver.addresses import on_this_machine, scheme

_SUBJECT = "receiver"
_PATIENCE_SECONDS = 3.0


def of_process(settings: Settings) -> Iterator[Finding]:
    """Ask it as a load balancer does."""
    url = f"{scheme()}://{on_this_machine(settings.receiver_bind)}/readyz"
    try:
        reply = urllib3.request("GET", url, retries=False, timeout=_PATIENCE_SECONDS)
        faults = "; ".join(reply.json()["faults"])
    except urllib3.exceptions.SSLError:
        yield ok(
            _SUBJECT, f"one speaks TLS at {settings.receiver_bind}; its certificate is for others than us"
        )
    except (urllib3.exceptions.HTTPError, ValueError, LookupError, TypeError):
        yield warning(
            _SUBJECT,
            f"none answers at {url}: boxes can't deliver",
            "Start se3 run; its log says why it ended.",
        )
    else:
        yield wrong(_SUBJECT, faults, "See above and below.") if faults else ok(_SUBJECT, "it is ready")
