"""Compressed bodies, unpacked within a bound."""

import zlib

from app.errors import TooLarge, Unreadable

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = zlib.MAX_WBITS + 16  # zlib's way to say gzip
_RAW = -zlib.MAX_WBITS  # deflate without zlib's header, as some senders understand "deflate"
_MOST_MEMBERS = 100  # of a gzip file; senders make one


def gunzip(body: bytes, most_bytes: int) -> bytes:
    """Unpack a body that begins as gzip does; any other comes back as it is.

    Raises:
        TooLarge: it holds more than `most_bytes`.
        Unreadable: it is broken.
    """
    content, rest = b"", body
    for _ in range(_MOST_MEMBERS):
        if not rest.startswith(_GZIP):
            break
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        try:
            content = _within(content + unpacker.decompress(rest, most_bytes + 1), most_bytes)
        except zlib.error as error:
            raise Unreadable(f"The body begins as gzip, but can't be unpacked: {error}") from None
        if not unpacker.eof:
            raise Unreadable("The body begins as gzip, but breaks off")
        rest = unpacker.unused_data.lstrip(b"\x00\r\n")  # padding
    if rest and rest is not body:
        raise Unreadable("The body is gzip with something else behind it")
    return body if rest is body else content


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
