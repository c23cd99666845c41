"""Says in words why a connection to a broker could not be made."""

import re

_OUR_TRUST = (
    "the broker's certificate is from an authority that is not trusted here: name its file in ENOS_TLS_CA"
)
_ASKS = "the broker asks for a client certificate: set ENOS_TLS_CERT and ENOS_TLS_KEY"
_THEIR_TRUST = (
    "the broker does not take the client certificate: it is from an authority that the broker does not know"
)
_NO_TLS = "the port does not seem to speak TLS: try mqtt://, or another port"

_TLS_WORDS = {
    "Hostname mismatch": "the broker's certificate does not name the host that is in the broker's URL",
    "IP address mismatch": "the broker's certificate does not name the address that is in the broker's URL",
    "certificate has expired": "the broker's certificate has expired, or this machine's clock is wrong",
    "certificate is not yet valid": "the broker's certificate is not valid yet: mind this machine's clock",
    "self-signed certificate": _OUR_TRUST,
    "self signed certificate": _OUR_TRUST,  # as older OpenSSL writes it
    "issuer certificate": _OUR_TRUST,
    "verify the first certificate": _OUR_TRUST,
    "verify failed": "the broker's certificate is not valid",
    "ALERT_CERTIFICATE_REQUIRED": _ASKS,
    "ALERT_HANDSHAKE_FAILURE": f"the two found no common ground; often, {_ASKS}",
    "ALERT_UNKNOWN_CA": _THEIR_TRUST,
    "ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired",
    "ALERT_CERTIFICATE_REVOKED": "the client certificate was revoked",
    "CERTIFICATE": "the broker does not take the client certificate",  # BAD_, UNSUPPORTED_, _UNKNOWN
    "PROTOCOL_VERSION": "the broker speaks no TLS version that is taken here; 1.2 is the oldest",
    "UNSUPPORTED_PROTOCOL": "the broker speaks no TLS version that is taken here; 1.2 is the oldest",
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "EOF occurred": _NO_TLS,
    "reset by peer": _NO_TLS,
    "handshake operation timed out": _NO_TLS,
}
"""By a part of OpenSSL's own text; the first that is found counts."""

_NETWORK_WORDS = {
    "not known": "no host has this name, or this machine's DNS does not know it",
    "No address associated": "no host has this name, or this machine's DNS does not know it",
    "name resolution": "this machine's DNS does not answer",
    "refused": "nothing listens there: wrong port, or the broker is down",
    "timed out": "no answer: a firewall on the way may drop the connection",
    "unreachable": "this machine has no route there: check its network",
    "No route": "this machine has no route there: check its network, and firewalls on the way",
}


def unreachable(address: str, error: Exception, *, tls: bool) -> str:
    """Explain why connecting, or the TLS handshake, failed with this error."""
    raw = _without_source(str(error))
    if tls and (words := _words(raw, _TLS_WORDS)):
        return f"TLS with {address} failed: {words} ({raw})"
    words = _words(raw, _NETWORK_WORDS)
    return f"can't reach {address}: {f'{words} ({raw})' if words else raw}"


def hung_up(address: str, last_error: str, *, tls: bool) -> str:
    """Explain why the broker ended the connection before it answered the login.

    `last_error`: what the socket said, maybe nothing; with TLS 1.3 a broker refuses a client's certificate
    only now, when the handshake is over for the client.
    """
    if tls and "ALERT" in last_error:
        words = _words(last_error, _TLS_WORDS) or "the broker broke it off"
        return f"TLS with {address} failed: {words} ({_without_source(last_error)})"
    guess = "it may ask for a client certificate" if tls else "its port may speak TLS: try mqtts://"
    return f"{address} hung up before it answered the login: {guess}"


def login_refused(reason: str) -> str:
    """Explain a CONNACK with a code; `reason` is the code in paho's words."""
    return (
        f"the broker refused the login ({reason}): the key, the secret or this machine's clock is wrong,"
        " or EnOS has locked the channel out for five minutes"
    )


def subscription_refused(topic: str) -> str:
    """Explain a SUBACK that refuses."""
    return (
        f"the broker refused the subscription to {topic}: compare ENOS_PRODUCT_KEY with EnOS,"
        " and try ENOS_TOPIC_SLASH the other way"
    )


def _words(text: str, table: dict[str, str]) -> str:
    return next((words for part, words in table.items() if part in text), "")


def _without_source(text: str) -> str:
    """Take away the line of Python's own source that ssl names, as in `(_ssl.c:1006)`."""
    return re.sub(r" \(_ssl\.c:[0-9]+\)$", "", text)
