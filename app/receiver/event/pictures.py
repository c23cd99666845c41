"""Takes the pictures out of a document: base64 text or a file part becomes bytes and their SHA-256."""

import binascii
import hashlib
import re
from typing import Any

import pybase64

from app.domain.events import Picture, PictureUse
from app.domain.firmware import PICTURE_NAMES, TEXT_NAMES
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning, WarningCode
from app.receiver.body.media_types import media_type_of
from app.store.pictures import text_as_sent

_PREFIX = re.compile(r"data:[\w/.+-]*(?:;[\w=.+-]*)?;base64,")
_LIKE_A_PICTURE = re.compile(rf"(?:{_PREFIX.pattern})?(?:[/_]9j[/_]|iVBORw0KGgo|UklGR)")
_HEAD = 256  # characters, in which a picture's first bytes come
_MOST_PICTURES = 100  # of one event; more stay in its document as text
_SMALLEST = 64  # bytes; shorter text in a field that isn't known to hold a picture is no picture


def take_pictures(document: dict[str, Any], *, restore_plus: bool = False) -> "Pictures":
    """Find a document's pictures, in any field, leaving None in place of each that can be rebuilt exactly.

    `restore_plus`: in urlencoded bodies a box's unescaped "+" has become a space. What should be a picture
    and isn't stays in the document as it came. A file part that is no picture becomes base64 text, for a
    document holds no bytes.
    """
    pictures = Pictures(restore_plus)
    pictures.take_from_object(document, ())
    return pictures


class Pictures:
    """The pictures of one document, and warnings about what should be one."""

    def __init__(self, restore_plus: bool) -> None:
        """See `take_pictures`."""
        self.uses: list[PictureUse] = []
        self.warnings: list[EventWarning] = []
        self._restore_plus = restore_plus

    def take_from_object(self, fields: dict[str, Any], path: tuple[str | int, ...]) -> None:
        """Search an object, which `path` leads to, and everything in it."""
        for name, value in fields.items():
            fields[name] = self._take_from(value, name, (*path, name))

    def _take_from(self, value: Any, name: str, path: tuple[str | int, ...]) -> Any:
        """Search a value, in the field `name`; returns what is to stand in its place."""
        if isinstance(value, dict):
            self.take_from_object(value, path)
        elif isinstance(value, list):
            value[:] = [self._take_from(item, name, (*path, index)) for index, item in enumerate(value)]
        elif isinstance(value, bytes):
            return self._take_file(value, name, path)
        elif isinstance(value, str) and value:
            return self._take_text(value, name, path)
        return value

    def _take_file(self, content: bytes, name: str, path: tuple[str | int, ...]) -> str | None:
        media_type = media_type_of(content)
        if media_type is None:
            self._warn(path)
        if media_type is None or self._stays(path):
            return text_as_sent("", content)
        self._add(path, name, "", media_type, content)
        return None

    def _take_text(self, value: str, name: str, path: tuple[str | int, ...]) -> str | None:
        known = name in PICTURE_NAMES
        if not known and (name in TEXT_NAMES or not _LIKE_A_PICTURE.match(value[:_HEAD].lstrip())):
            return value
        if self._stays(path):
            return value
        sent = value.replace(" ", "+") if self._restore_plus else value
        prefix, content = _decode(sent)
        media_type = media_type_of(content)
        if media_type is None or not (known or len(content) >= _SMALLEST):
            if known:
                self._warn(path)
            return value
        self._add(path, name, prefix, media_type, content)
        return sent if prefix is None else None

    def _stays(self, path: tuple[str | int, ...]) -> bool:
        """Whether a picture stays text: one too many, or its place holds U+0000, which no column can."""
        return len(self.uses) >= _MOST_PICTURES or any("\x00" in str(step) for step in path)

    def _add(
        self, path: tuple[str | int, ...], name: str, prefix: str | None, media_type: str, content: bytes
    ) -> None:
        picture = Picture(hashlib.sha256(content).digest(), media_type, content)
        self.uses.append(PictureUse(pointer(*path), PICTURE_NAMES.get(name, name), prefix, picture))

    def _warn(self, path: tuple[str | int, ...]) -> None:
        self.warnings.append(
            EventWarning(
                WarningCode.NO_PICTURE,
                pointer(*path).replace("\x00", "\ufffd"),
                "is no JPEG, PNG or WebP; kept as text",
            )
        )


def _decode(text: str) -> tuple[str | None, bytes]:
    """Read base64 in its dialects: data URL, line breaks, URL-safe, no padding, spaces instead of plus.

    Returns what stood before the base64 as well, None where the text can't be rebuilt from the bytes.
    """
    prefix = match.group() if (match := _PREFIX.match(text)) else ""
    base64 = text[len(prefix) :] if prefix else text
    try:
        content = pybase64.b64decode(base64, validate=True)
    except (binascii.Error, ValueError):
        return None, _decode_dialect(base64)
    return prefix if _ends_as_encoded(base64, content) else None, content


def _ends_as_encoded(base64: str, content: bytes) -> bool:
    """Whether text that decodes without any leniency is what encoding makes of its bytes.

    Only the unused bits of its last characters can differ, so there is no need to encode a whole picture.
    """
    return base64[-4:] == text_as_sent("", content[-(len(content) % 3 or 3) :])


def _decode_dialect(text: str) -> bytes:
    lines = re.sub(r"[\r\n\t]+", "", text).strip()
    plain = lines.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return pybase64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
