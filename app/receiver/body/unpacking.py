"""Compressed bodies, unpacked within a bound."""

import gzip
import io
import zlib

from app.errors import TooLarge, Unreadable

_GZIP = b"\x1f\x8b"
_RAW = -zlib.MAX_WBITS  # deflate without zlib's header, as some senders understand "deflate"


def gunzip(body: bytes, most_bytes: int) -> bytes:
    """Unpack a body that begins as gzip does; any other comes back as it is.

    Raises:
        TooLarge: it holds more than `most_bytes`.
        Unreadable: it is broken.
    """
    if not body.startswith(_GZIP):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            return _within(file.read(most_bytes + 1), most_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"The body begins as gzip, but can't be unpacked: {error}") from None


def inflate(body: bytes, most_bytes: int) -> bytes | None:
    """Unpack a body that is deflated, with zlib's header or without; None if it is not.

    Raises:
        TooLarge: it holds more than `most_bytes`.
    """
    for window_bits in (zlib.MAX_WBITS, _RAW):
        unpacker = zlib.decompressobj(window_bits)
        try:
            content = _within(unpacker.decompress(body, most_bytes + 1), most_bytes)
        except zlib.error:
            continue
        if unpacker.eof and not unpacker.unused_data:
            return content
    return None


def _within(content: bytes, most_bytes: int) -> bytes:
    if len(content) > most_bytes:
        raise TooLarge(f"The body holds more than {most_bytes} bytes once it is unpacked")
    return content
