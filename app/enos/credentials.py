"""How a client logs in to an EnOS message integration channel (EnOS protocol, section 1)."""

import hashlib
from dataclasses import dataclass, field

from app.config import Settings


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


def credentials(settings: Settings, timestamp: int) -> Credentials:
    """Take the ready-made login where the settings hold one; else compute it for `timestamp` (ms)."""
    if settings.enos_client_id:
        return Credentials(
            settings.enos_client_id, settings.enos_username or "", settings.enos_password or ""
        )
    return computed_credentials(
        settings.enos_product_key or "", settings.enos_product_secret or "", timestamp
    )
