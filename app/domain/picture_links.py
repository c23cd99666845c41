"""Links to pictures: signed, so that nobody can make one up, and good for a while only.

EnOS takes no files over MQTT, and a string of at most 1,024 bytes (EnOS protocol, section 4): a picture goes
as a link to the receiver, which serves it to whoever holds the link.
"""

import hashlib
import hmac
from datetime import datetime, timedelta


class PictureLinks:
    """Makes links to pictures, and checks those that come back."""

    def __init__(self, base_url: str, secret: str, lifetime: timedelta) -> None:
        """`base_url`: where the receiver is reached from outside, without a slash at its end.

        `secret` signs the links: another one makes all earlier ones worthless. A link is good for `lifetime`.
        """
        self._base_url = base_url
        self._secret = secret.encode()
        self._lifetime = lifetime

    def url(self, sha256: bytes, now: datetime) -> str:
        """Make a link to the picture with this SHA-256 (32 bytes)."""
        digest, expires = sha256.hex(), str(int((now + self._lifetime).timestamp()))
        signature = self._signature(digest, expires)
        return f"{self._base_url}/pictures/{digest}?expires={expires}&signature={signature}"

    def fault(self, digest: str, expires: str, signature: str, now: datetime) -> str | None:
        """Say why a link is not good, None if it is. All but `now` are texts as they stand in a URL.

        The signature, if there is one, is compared in constant time, and before anything else is looked at.
        """
        if not signature:
            return "it has no signature"
        expected = self._signature(digest, expires)
        if not hmac.compare_digest(expected.encode(), _bytes(signature)):
            return "its signature is wrong"
        return "its time is over" if int(expires) <= now.timestamp() else None

    def _signature(self, digest: str, expires: str) -> str:
        """Hex; the space keeps digest and time apart, for no digest has one."""
        return hmac.digest(self._secret, _bytes(f"{digest} {expires}"), hashlib.sha256).hex()


def links_if_set(base_url: str | None, secret: str | None, lifetime: timedelta) -> PictureLinks | None:
    """Make the links that the settings ask for; None where they name no address and no secret."""
    return PictureLinks(base_url, secret, lifetime) if base_url and secret else None


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")
