"""The files that a channel of the mapping file names: are they there?"""

from collections.abc import Callable
from pathlib import Path

from app.enos.channel_entry import ChannelEntry
from app.enos.secret_files import read_secret
from app.errors import ChannelError


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ChannelError(f"there is no file {path}")


_CHECKS: dict[str, Callable[[Path], object]] = {
    "product_secret_file": read_secret,
    "password_file": read_secret,
    "tls_ca": _require_file,
    "tls_cert": _require_file,
    "tls_key": _require_file,
}


def wrong_files(entry: ChannelEntry) -> list[str]:
    """What keeps a channel from a login, or from TLS, with the key that names the file."""
    wrong = []
    for key, check in _CHECKS.items():
        if path := getattr(entry, key):
            try:
                check(path)
            except ChannelError as error:
                wrong.append(f"channels.{entry.name}.{key}: {error}")
    return wrong
