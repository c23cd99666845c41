"""A body as people can look at it, also where it can't be read as what it should be."""

import json
from dataclasses import dataclass
from typing import Any

from app.errors import Refused
from app.receiver.body.charsets import GBK
from app.receiver.body.decoding import Encoding, carrier_of, json_of, unpacked
from app.receiver.body.forms import multipart_fields
from app.receiver.body.urlencoded import fields_of

_LOOKED_AT = 4096  # characters, by which text is told from other bytes
_MOST_STRANGE = 0.1  # of them, in a text


@dataclass(frozen=True, slots=True)
class JsonBody:
    """JSON that can be parsed."""

    value: Any


@dataclass(frozen=True, slots=True)
class FormBody:
    """Form data that can be parsed: each field's name and value; bytes are a picture or a file."""

    fields: list[tuple[str, str | bytes]]
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class TextBody:
    """Text that can't be parsed.

    `stopped_at`: the character at which the parser stopped, None if that is not known; `stopped_at_byte`: the
    same place in the body, without its compression. `is_whole`: whether no byte was replaced to make it text.
    """

    text: str
    stopped_at: int | None = None
    stopped_at_byte: int | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class BinaryBody:
    """Anything else."""

    content: bytes


Opened = JsonBody | FormBody | TextBody | BinaryBody


def open_body(body: bytes, content_type: str, most_bytes: int) -> Opened:
    """Open a body, unpacked up to `most_bytes`; a longer one is not parsed."""
    try:
        body = unpacked(body, most_bytes)
    except Refused:
        return BinaryBody(body)
    carrier = carrier_of(body, content_type)
    if carrier is None or len(body) > most_bytes:
        return _text_or_bytes(body)
    encoding, boundary = carrier
    try:
        if encoding is Encoding.JSON:
            return JsonBody(json_of(body)[0])
        is_multipart = encoding is Encoding.MULTIPART
        fields = multipart_fields(body, boundary)[0] if is_multipart else fields_of(body)[0]
        return FormBody([*fields], encoding)
    except ValueError as error:
        return _text_or_bytes(body, error if encoding is Encoding.JSON else None)


def _text_or_bytes(body: bytes, error: ValueError | None = None) -> TextBody | BinaryBody:
    charset: str = json.detect_encoding(body)
    text = _decoded(body, charset)
    if text is None:
        charset, text = GBK, _decoded(body, GBK)
    is_whole = text is not None
    if text is None:
        charset, text = "utf-8", body.decode(errors="replace")
    if _is_strange(text):
        return BinaryBody(body)
    if isinstance(error, UnicodeDecodeError):
        return TextBody(text, len(body[: error.start].decode(errors="replace")), error.start, is_whole)
    if isinstance(error, json.JSONDecodeError):
        return TextBody(text, error.pos, len(text[: error.pos].encode(charset)), is_whole)
    return TextBody(text, is_whole=is_whole)


def _decoded(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except UnicodeDecodeError:
        return None


def _is_strange(text: str) -> bool:
    head = text[:_LOOKED_AT]
    strange = sum((not c.isprintable() and c not in "\t\r\n") or c == "\ufffd" for c in head)
    return strange > len(head) * _MOST_STRANGE
