"""Takes the pictures out of a document: base64 text or a file part becomes bytes and their SHA-256."""

import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pybase64

from app.domain.events import Picture, PictureUse
from app.domain.pointers import pointer
from app.store.pictures import text_as_sent

FIELDS = ("reg_pic", "spot_pic", "recognize_face", "ir_pic")
"""The fields that hold pictures, in ext_data or beside it (SE3 protocol, section 2)."""

_PREFIX = re.compile(r"data:[\w/.+-]*;base64,")


def take_pictures(document: dict[str, Any], *, restore_plus: bool = False) -> tuple[PictureUse, ...]:
    """Find a document's pictures, leaving None in place of each whose text can be rebuilt exactly.

    `restore_plus`: in urlencoded bodies a box's unescaped "+" has become a space. What should be a picture
    and isn't stays in the document as it came. A file part that is no picture becomes base64 text, for a
    document holds no bytes.
    """
    ext_data = document.get("ext_data")
    found = [*_take_from(document, (), restore_plus)]
    if isinstance(ext_data, dict):
        found += _take_from(ext_data, ("ext_data",), restore_plus)
    return tuple(found)


def _take_from(fields: dict[str, Any], path: tuple[str, ...], restore_plus: bool) -> Iterator[PictureUse]:
    for name, value in fields.items():
        if not isinstance(value, bytes) and not (name in FIELDS and isinstance(value, str)):
            continue
        sent = value.replace(" ", "+") if restore_plus and isinstance(value, str) else value
        use = _take(pointer(*path, name), name, sent)
        if use is not None:
            fields[name] = None if use.prefix is not None else sent
            yield use
        elif isinstance(value, bytes):
            fields[name] = text_as_sent("", value)


def _take(place: str, field: str, value: str | bytes) -> PictureUse | None:
    prefix, content = ("", value) if isinstance(value, bytes) else _decode(value)
    media_type = media_type_of(content)
    if media_type is None:
        return None
    rebuilt = isinstance(value, bytes) or text_as_sent(prefix, content) == value
    picture = Picture(hashlib.sha256(content).digest(), media_type, content)
    return PictureUse(place, field, prefix if rebuilt else None, picture)


def _decode(text: str) -> tuple[str, bytes]:
    """Read base64 in its dialects: data URL, line breaks, URL-safe, no padding, spaces instead of plus."""
    prefix = match.group() if (match := _PREFIX.match(text)) else ""
    try:
        return prefix, pybase64.b64decode(text[len(prefix) :] if prefix else text, validate=True)
    except (binascii.Error, ValueError):
        return prefix, _decode_dialect(text[len(prefix) :])


def _decode_dialect(text: str) -> bytes:
    lines = re.sub(r"[\r\n\t]+", "", text).strip()
    plain = lines.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return pybase64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def media_type_of(content: bytes) -> str | None:
    """The media type of a JPEG, PNG or WebP, told by content alone; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None
