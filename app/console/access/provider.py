"""Speaks to the OpenID Connect provider: authorization code flow with PKCE. Needs the extra `oidc`.

Sources: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; Discovery 1.0, section 4; RFC 7636.
"""

import time
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from app.console.access.handshake import ProviderFault, nonce_of, state_of, verifier_of

_SECONDS = 5  # for each request
_KNOWN_SECONDS = 60.0  # that a description is good
_FAULT_SECONDS = 5.0  # that one is not asked for again after it could not be had
_LEEWAY = 60  # seconds that clocks may differ
_LONGEST_SUBJECT = 255  # Core, section 2
_ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]  # no shared secret
_FAULTS = (requests.RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself, or why that can't be had; asked again at `until`, monotonic."""

    until: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


class Provider:
    """Asked again each minute: its keys and addresses may change, and it need not be there at the start.

    A login has one random `token`, which only the browser keeps: `handshake` derives all else from it.
    """

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        """As the settings of the same names."""
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._known = _Known()

    def authorization_url(self, token: str, redirect_uri: str) -> str:
        """Where to send the browser.

        Raises:
            ProviderFault: the provider can't be reached.
        """
        try:
            endpoint = self._metadata()["authorization_endpoint"]
            url, _state = self._session(redirect_uri).create_authorization_url(
                endpoint,
                state=state_of(token),
                nonce=nonce_of(token),
                code_verifier=verifier_of(token),
            )
        except _FAULTS as error:
            raise ProviderFault(_words(error)) from error
        return str(url)

    def subject(self, token: str, redirect_uri: str, code: str) -> str:
        """Who came back with this code: the one thing that the provider never gives to somebody else.

        Raises:
            ProviderFault: the provider can't be reached, or does not vouch for it to us and in this login.
        """
        try:
            metadata = self._metadata()
            answer = self._session(redirect_uri, metadata).fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier_of(token),
                timeout=_SECONDS,
                allow_redirects=False,  # the secret goes nowhere else
            )
            keys = KeySet.import_key_set(cast(KeySetSerialization, _json(metadata["jwks_uri"])))
            return self._checked(jwt.decode(answer["id_token"], keys, _ALGORITHMS), token)
        except _FAULTS as error:
            raise ProviderFault(_words(error)) from error

    def _checked(self, id_token: jwt.Token, token: str) -> str:
        """Core, section 3.1.3.7."""
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
        }
        expected = {"nonce": nonce_of(token), "client_id": self._client_id}
        CodeIDToken(id_token.claims, id_token.header, options, expected).validate(leeway=_LEEWAY)
        subject = id_token.claims["sub"]
        if not isinstance(subject, str) or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
            raise ValueError("the subject is no short text")
        return subject

    def _session(self, redirect_uri: str, metadata: dict[str, Any] | None = None) -> Any:
        methods = (metadata or {}).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        is_basic = "client_secret_basic" in methods
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            token_endpoint_auth_method="client_secret_basic" if is_basic else "client_secret_post",
            scope="openid",
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _metadata(self) -> dict[str, Any]:
        """What is known; a fault is, too, so that one that hangs is not waited for each time."""
        known = self._known
        if time.monotonic() >= known.until:
            self._known = known = self._asked()
        if known.fault:
            raise ProviderFault(known.fault)
        return known.metadata

    def _asked(self) -> _Known:
        try:
            metadata = self._described()
        except _FAULTS as error:
            return _Known(time.monotonic() + _FAULT_SECONDS, fault=_words(error))
        return _Known(time.monotonic() + _KNOWN_SECONDS, metadata)

    def _described(self) -> dict[str, Any]:
        """The provider's description of itself, which must be of this issuer and name addresses as safe."""
        found = _json(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found["issuer"] != self.issuer:
            raise ValueError(f"it calls itself {found['issuer']}: OIDC_ISSUER must be the same, to the slash")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(found[name]).scheme != urlsplit(self.issuer).scheme:
                raise ValueError(f"its {name} has another scheme than its issuer")
        return found


def _json(url: str) -> dict[str, Any]:
    reply = requests.get(url, timeout=_SECONDS, allow_redirects=False)
    reply.raise_for_status()
    found = reply.json()
    if reply.status_code != requests.codes.ok or not isinstance(found, dict):
        raise ValueError(f"{url} answers no JSON object")
    return found


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
