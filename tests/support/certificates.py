"""A certificate authority of the test's own."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.parts import find_openssl

_EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
EXPIRED = -1
"""Days after which a certificate has always ended."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, as PEM files."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates; its own stands in the PEM file `ca`."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        """`folder`: for every file; `name`: no other authority there may have it."""
        self._folder, self._name = folder, name
        self.ca, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", *_EC_KEY, "-keyout", self._key, "-out", self.ca, "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip

    def issue(self, name: str, address: str, days: int = 2) -> Pair:
        """Make a certificate for servers and clients; `address`: such as IP:127.0.0.1 or DNS:example.org."""
        stem = self._folder / f"{self._name}-{name}"
        cert, key, request, extensions = (stem.with_suffix(f".{end}") for end in ("pem", "key", "csr", "ext"))
        extensions.write_text(
            f"subjectAltName={address}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        openssl("req", "-new", *_EC_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial",
                "-extfile", extensions, "-days", str(days), "-out", cert)  # fmt: skip
        return Pair(cert, key)


def openssl(*arguments: str | Path) -> None:
    """Run openssl; what it prints is lost."""
    subprocess.run([find_openssl(), *arguments], check=True, capture_output=True)
