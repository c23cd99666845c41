"""Reads the texts of settings. Each raises ValueError with words that go on from the setting's name."""

import base64
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: relative paths in settings start here."""

Network = IPv4Network | IPv6Network

_LONGEST_WEB_ADDRESS = 800  # a link to a picture is up to 172 longer; EnOS takes 1,024 bytes
_SHORTEST_SECRET = 32
_PICTURE_KEY_BYTES = 32
_PLAIN = "plain"


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Read a whole number within these limits."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Read one of these words, in capitals or not."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return parse


def refused_status(text: str) -> int:
    """Read the HTTP status of refused bodies."""
    if not re.fullmatch(r"200|4[0-9]{2}", text):
        raise ValueError("must be 200, or from 400 to 499")
    return int(text)


def yes_or_no(text: str) -> bool:
    """Read true or false."""
    if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise ValueError("must be true or false")
    return text.lower() in ("true", "yes", "1")


def database_url(text: str) -> str:
    """Read the URL of a database in the form that SQLAlchemy takes; relative paths start at ROOT."""
    scheme, separator, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and "?" not in rest:
        return f"sqlite:///{(ROOT / rest[1:]).resolve()}"
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    raise ValueError("must look like sqlite:///var/se3.db or postgresql://user:password@host/database")


def bind(text: str) -> str:
    """Read an address and a port to listen on."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be an address and a port, such as 0.0.0.0:9528 or [::]:9528")
    return text


def sender_keys(text: str) -> tuple[str, ...]:
    """Read keys that boxes have in their URLs, separated by commas."""
    found = words(text)
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{16,100}", key) for key in found):
        raise ValueError("must be keys of 16 to 100 letters, digits, - and _, separated by commas")
    return found


def networks(text: str) -> tuple[Network, ...]:
    """Read networks, or single addresses, separated by commas."""
    try:
        return tuple(ip_network(part) for part in words(text))
    except ValueError as error:
        raise ValueError(f"must be networks such as 192.168.1.0/24, separated by commas: {error}") from None


def words(text: str) -> tuple[str, ...]:
    """Read words, separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def paths(text: str) -> tuple[str, ...]:
    """Read URL paths, separated by commas; each without a slash at its end."""
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if wrong := [path for path in found if not path.startswith("/") or set(path) & set("<>?# ")]:
        raise ValueError(f"must be paths that start with /, separated by commas; wrong: {', '.join(wrong)}")
    return found


def broker_url(text: str) -> str:
    """Read the URL of an MQTT broker."""
    try:
        url = urlsplit(text)
        fits = url.scheme in ("mqtt", "mqtts") and url.hostname and (url.port or 0) >= 0
    except ValueError:
        fits = False
    if "@" in text:
        raise ValueError("must hold no user and password: ENOS_USERNAME and ENOS_PASSWORD do")
    if not fits:
        raise ValueError("must look like mqtt://host:11883 or mqtts://host:18883")
    return text


def web_address(text: str) -> str:
    """Read an http or https URL that paths can be added to, without the slash at its end."""
    try:
        url = urlsplit(text)
        fits = url.scheme in ("http", "https") and url.hostname and (url.port or 0) >= 0
    except ValueError:
        fits = False
    if not fits or not re.fullmatch(r"[A-Za-z0-9._~:/%\[\]-]+", text):
        raise ValueError("must look like https://faces.example or https://faces.example/se3")
    if len(text) > _LONGEST_WEB_ADDRESS:
        raise ValueError(f"must have at most {_LONGEST_WEB_ADDRESS} characters")
    return text.rstrip("/")


def issuer(text: str) -> str:
    """Read an OpenID Connect provider's issuer, which is compared as it is: a slash at its end counts."""
    web_address(text)
    url = urlsplit(text)
    if url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("must begin with https://: whoever reads or changes what it sends gets in")
    return text


def long_secret(text: str) -> str:
    """Read a secret that can't be found by trying."""
    if len(text) < _SHORTEST_SECRET:
        raise ValueError(
            f"must have at least {_SHORTEST_SECRET} characters, such as openssl rand -hex 32 makes"
        )
    return text


def picture_keys(text: str) -> tuple[bytes, ...]:
    """Read keys that encrypt pictures, the newest first; `plain` in its place is b""."""
    newest, *older = re.split(r"[\s,]+", text.strip(" ,")) if text else [_PLAIN]
    return (b"" if newest == _PLAIN else _picture_key(newest), *map(_picture_key, older))


def _picture_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != _PICTURE_KEY_BYTES:
        raise ValueError("must be keys as `se3 pictures key` makes them; `plain` may stand in front of them")
    return key


def product_key(text: str) -> str:
    """Read a product key of EnOS."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", text):
        raise ValueError("must be letters, digits, dots, hyphens or underscores: it stands in MQTT topics")
    return text


def path(text: str) -> Path:
    """Read the path of a file that may come later; relative ones start at ROOT."""
    return ROOT / text


def file(text: str) -> Path:
    """Read the path of a file that exists; relative ones start at ROOT."""
    found = path(text)
    if not found.is_file():
        raise ValueError("must name a file that exists")
    return found
