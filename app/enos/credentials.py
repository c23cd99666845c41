"""How a client logs in to an EnOS message integration channel (EnOS protocol, section 1)."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from app.enos.channel_entry import ChannelEntry
from app.enos.secret_files import read_secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """An MQTT login."""

    client_id: str
    username: str
    password: str = field(repr=False)


def computed_credentials(product_key: str, product_secret: str, timestamp: int) -> Credentials:
    """Compute the login of a channel.

    `timestamp`: the present in milliseconds; it stands in the client id and in the signature. The signature
    is a plain SHA-256 over sorted keys and values with the secret behind them, not an HMAC.
    """
    client_id = f"{product_key}|securemode=4,signmethod=sha256,timestamp={timestamp}|"
    signed = (
        f"clientId{product_key}deviceKey%channel%productKey{product_key}timestamp{timestamp}{product_secret}"
    )
    password = hashlib.sha256(signed.encode()).hexdigest().upper()
    return Credentials(client_id, f"%channel%&{product_key}", password)


def credentials(entry: ChannelEntry, timestamp: int) -> Credentials:
    """Take the ready-made login where the channel has one; else compute it for `timestamp` (ms).

    A secret in a file is read anew.

    Raises:
        ChannelError: which file is wrong, and why.
    """
    if entry.client_id is not None:
        password = _secret(entry.password, entry.password_file)
        return Credentials(entry.client_id, entry.username or "", password)
    secret = _secret(entry.product_secret, entry.product_secret_file)
    return computed_credentials(entry.product_key, secret, timestamp)


def _secret(given: str | None, file: Path | None) -> str:
    return read_secret(file) if file else given or ""
