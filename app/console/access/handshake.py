"""What holds one login by OpenID Connect together, and how it fails."""

import hashlib

from app.errors import Se3Error


class ProviderFault(Se3Error):
    """The provider can't be reached, or what it answers is not to be trusted."""


class LoginRefused(Se3Error):
    """The provider works, but the person gets in no further: the text says why, in the reader's language."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        """`status`: HTTP's; `reason`: for the log."""
        super().__init__(detail)
        self.status = status
        self.reason = reason


def state_of(token: str) -> str:
    """What the provider must send back, so that nobody else's login can be slipped in (RFC 6749, 10.12)."""
    return _derived(token, "state")


def nonce_of(token: str) -> str:
    """What the id token must hold, so that no other login's can be used (OpenID Connect Core, 3.1.2.1)."""
    return _derived(token, "nonce")


def verifier_of(token: str) -> str:
    """What only we can show when the code is redeemed (RFC 7636)."""
    return _derived(token, "verifier")


def _derived(token: str, purpose: str) -> str:
    return hashlib.sha256(f"{purpose} {token}".encode()).hexdigest()
