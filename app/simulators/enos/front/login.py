"""Whether EnOS would take a login (EnOS protocol, section 1).

MQTT has few codes for a refusal, and which EnOS sends is not documented: those here are the nearest.
"""

import hashlib
import re
from collections.abc import Mapping

from app.errors import Se3Error
from app.simulators.enos.front.packets import Connect

WRONG_PROTOCOL, WRONG_CLIENT_ID, UNAVAILABLE, WRONG_LOGIN, NOT_AUTHORIZED = 1, 2, 3, 4, 5
"""Return codes of a CONNACK."""

_KEEP_ALIVE = range(60, 301)  # seconds
_USERNAME = re.compile(r"%channel%&(?P<product>[^&|/+#]+)")
_CLIENT_ID = re.compile(r"(?P<product>[^|]+)\|securemode=4,signmethod=sha256,timestamp=(?P<time>\d{13})\|")
_SHA256 = re.compile(r"[0-9a-f]{64}|[0-9A-F]{64}")


class LoginRefused(Se3Error):
    """A login that EnOS does not take; `code` is the return code of the CONNACK."""

    def __init__(self, code: int, reason: str) -> None:
        """`reason`: for a person."""
        self.code = code
        super().__init__(reason)


def product_of(connect: Connect, products: Mapping[str, str]) -> str:
    """Give the product key in the user name.

    `products`: the secrets by product key; if empty, every product is known.

    Raises:
        LoginRefused: another protocol, no user name of a channel, or an unknown product.
    """
    if connect.level != 4:
        raise LoginRefused(WRONG_PROTOCOL, "the protocol is not MQTT 3.1.1")
    if not (found := _USERNAME.fullmatch(connect.username)):
        raise LoginRefused(WRONG_LOGIN, "the user name is not %channel%&{productKey}")
    if products and found["product"] not in products:
        raise LoginRefused(WRONG_LOGIN, f"no product has the key {found['product']}")
    return found["product"]


def check_login(connect: Connect, product: str, products: Mapping[str, str]) -> None:
    """Check the rest of the login: client id, password and keep-alive.

    Without `products` the password must only look like a signature.

    Raises:
        LoginRefused: one of them is wrong.
    """
    client = _CLIENT_ID.fullmatch(connect.client_id)
    if not client or client["product"] != product:
        form = f"{product}|securemode=4,signmethod=sha256,timestamp={{ms}}|"
        raise LoginRefused(WRONG_CLIENT_ID, f"the client id is not {form}")
    if connect.keep_alive not in _KEEP_ALIVE:
        raise LoginRefused(NOT_AUTHORIZED, f"a keep-alive of {connect.keep_alive} s is not 60 to 300 s")
    if not _SHA256.fullmatch(connect.password):
        raise LoginRefused(WRONG_LOGIN, "the password is not a SHA-256 in hex")
    if products and connect.password.lower() != _signature(product, client["time"], products[product]):
        raise LoginRefused(WRONG_LOGIN, "the password does not sign this client id with the product's secret")


def _signature(product: str, time: str, secret: str) -> str:
    signed = f"clientId{product}deviceKey%channel%productKey{product}timestamp{time}{secret}"
    return hashlib.sha256(signed.encode()).hexdigest()
