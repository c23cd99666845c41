"""A channel as the mapping file describes it."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_PORTS = {"mqtt": 11883, "mqtts": 18883}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEntry:
    """One message integration channel, with either a product secret or a ready-made login.

    Secrets stand in here, or in the files that are named here; those need not exist before somebody connects.
    """

    name: str
    broker_url: str
    product_key: str
    product_secret: str | None = field(default=None, repr=False)
    product_secret_file: Path | None = None
    client_id: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: Path | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the broker; without a port, EnOS's own (EnOS protocol, section 1)."""
        url = urlsplit(self.broker_url)
        return url.hostname or "", url.port or _PORTS[url.scheme]
