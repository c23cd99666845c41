"""TLS to the broker: whom to trust and what to present."""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.errors import ChannelError

_OTHER_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")  # the last: RSA for EC
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Socket(ssl.SSLSocket):
    """A socket that tells why a broker refused us, and that is closed when the handshake fails."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()  # paho forgets it
            raise

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; the error is the broker's alert where there is one.

        A broker of TLS 1.3 looks at the client's certificate when the handshake is over for the client; its
        alert is then often waiting while the first send fails without a reason.
        """
        try:
            return super().send(data, flags)
        except _NOT_NOW:
            raise
        except OSError:
            with suppress(*_NOT_NOW):
                self.recv(1)
            raise


def tls_context(
    ca: Path | None, cert: Path | None, key: Path | None, *, verify_hostname: bool
) -> ssl.SSLContext:
    """Read PEM files into what a connection needs; TLS 1.2 at least (EnOS protocol, section 1).

    `ca`: the authorities to trust; None: those of this machine, or of the environment variable SSL_CERT_FILE.
    `cert` with its `key`: the client certificate, followed by those between it and its authority; None: none.
    `verify_hostname`: False takes a certificate of any name; its authority is verified all the same.

    Raises:
        ChannelError: which file is wrong, and why.
    """
    context = _trusting(ca)
    context.sslsocket_class = _Socket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = verify_hostname
    if cert and key:
        _present(context, cert, key)
    return context


def _trusting(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise ChannelError(f"the CA file {ca} holds no certificate in PEM form") from None
    except OSError as error:
        raise ChannelError(f"the CA file {ca} can't be read: {error.strerror}") from None


def _present(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    _require_certificate(cert)
    try:
        context.load_cert_chain(cert, key, password=lambda: _refuse(key))
    except ssl.SSLError as error:
        raise ChannelError(_key_fault(error, cert, key)) from None
    except OSError as error:
        raise ChannelError(f"the key file {key} can't be read: {error.strerror}") from None


def _key_fault(error: ssl.SSLError, cert: Path, key: Path) -> str:
    if error.reason in _OTHER_KEY:
        return f"the key {key} does not fit the client certificate {cert}: it is another certificate's"
    if error.reason:  # such as EE_KEY_TOO_SMALL
        return f"the client certificate {cert} can't be used: {error}"
    return f"the key file {key} holds no private key in PEM form"


def _require_certificate(cert: Path) -> None:
    """Read it in a place of its own: later its errors look like those of the key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cert)
    except ssl.SSLError:
        raise ChannelError(f"the client certificate {cert} is no certificate in PEM form") from None
    except OSError as error:
        raise ChannelError(f"the client certificate {cert} can't be read: {error.strerror}") from None


def _refuse(key: Path) -> str:
    """Stand in for OpenSSL's question on the terminal."""
    raise ChannelError(
        f"the key {key} is encrypted, and nobody is there to type its password;"
        f" store it without one: openssl pkey -in {key} -out FILE"
    )
