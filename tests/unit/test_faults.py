"""What a site engineer reads where the network, or TLS, fails; errors as Linux and OpenSSL word them."""

import socket
import ssl

import pytest

from app.enos.faults import hung_up, unreachable


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no host has this name"),
        (socket.gaierror(-5, "No address associated with hostname"), "no host has this name"),
        (socket.gaierror(-3, "Temporary failure in name resolution"), "this machine's DNS does not answer"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens there"),
        (TimeoutError("timed out"), "no answer: a firewall"),
        (OSError(101, "Network is unreachable"), "this machine has no route there"),
        (OSError(113, "No route to host"), "this machine has no route there"),
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_a_network_that_fails(error: Exception, words: str, tls: bool) -> None:
    said = unreachable("b:1", error, tls=tls)
    assert said.startswith(f"can't reach b:1: {words}")
    assert str(error) in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "certificate verify failed: certificate is not yet valid",
            "not valid yet: mind this machine's clock",
        ),
        ("certificate verify failed: self signed certificate", "name its file in ENOS_TLS_CA"),
        ("certificate verify failed: unable to get local issuer certificate", "name its file in ENOS_TLS_CA"),
        ("certificate verify failed: invalid CA certificate", "the broker's certificate is not valid"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "does not seem to speak TLS"),
        (
            "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol",
            "does not seem to speak TLS",
        ),
        ("_ssl.c:989: The handshake operation timed out", "does not seem to speak TLS"),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version", "no TLS version that is taken"),
        (
            "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
            "asks for a client certificate",
        ),
    ],
)
def test_a_handshake_that_fails(text: str, words: str) -> None:
    said = unreachable("b:1", ssl.SSLError(1, f"{text} (_ssl.c:1006)"), tls=True)
    assert said.startswith("TLS with b:1 failed: ")
    assert words in said
    assert "_ssl.c:1006" not in said


def test_an_end_without_a_reason_leads_to_a_guess() -> None:
    """A broker's alert may get lost on the way."""
    assert "may ask for a client certificate" in hung_up(
        "b:1", "[Errno 104] Connection reset by peer", tls=True
    )
    assert "the client certificate was revoked" in hung_up(
        "b:1", "[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] sslv3 alert certificate revoked", tls=True
    )
