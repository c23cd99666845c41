"""The ways in which boxes put a document into a request (SE3 protocol, section 5)."""

import gzip
import json
import zlib
from typing import Any

from app.simulators import form_encodings
from app.simulators.form_encodings import Encoded

_JSON = "application/json"


def encode(document: dict[str, Any], encoding: str) -> Encoded:
    """Give the body and the HTTP headers for this document in this encoding, one of ENCODINGS.

    Raises:
        UnicodeEncodeError: the encoding is json-gbk, and GBK lacks a character.
    """
    return _ENCODERS[encoding](document)


def _json(document: dict[str, Any]) -> Encoded:
    return _utf8(document), {"Content-Type": _JSON}


def _unlabelled(document: dict[str, Any]) -> Encoded:
    return _utf8(document), {}


def _mislabelled(document: dict[str, Any]) -> Encoded:
    return _utf8(document), {"Content-Type": form_encodings.URLENCODED}


def _bom(document: dict[str, Any]) -> Encoded:
    return b"\xef\xbb\xbf" + _utf8(document), {"Content-Type": _JSON}


def _gbk(document: dict[str, Any]) -> Encoded:
    return json.dumps(document, ensure_ascii=False).encode("gbk"), {"Content-Type": _JSON}


def _gzip(document: dict[str, Any]) -> Encoded:
    return gzip.compress(_utf8(document)), {"Content-Type": _JSON, "Content-Encoding": "gzip"}


def _deflate(document: dict[str, Any]) -> Encoded:
    return zlib.compress(_utf8(document)), {"Content-Type": _JSON, "Content-Encoding": "deflate"}


def _array(document: dict[str, Any]) -> Encoded:
    return b"[" + _utf8(document) + b"]", {"Content-Type": _JSON}


def _utf8(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


_ENCODERS = {
    "json": _json,
    "json-unlabelled": _unlabelled,
    "json-mislabelled": _mislabelled,
    "json-bom": _bom,
    "json-gbk": _gbk,
    "json-gzip": _gzip,
    "json-deflate": _deflate,
    "json-array": _array,
    "multipart": form_encodings.multipart,
    "multipart-files": form_encodings.multipart_files,
    "urlencoded": form_encodings.urlencoded,
    "bracketed": form_encodings.bracketed,
    "dotted": form_encodings.dotted,
    "python": form_encodings.python,
    "flattened": form_encodings.flattened,
    "names-only": form_encodings.names_only,
}
ENCODINGS = tuple(_ENCODERS)
LOSSLESS = tuple(name for name in ENCODINGS if name != "names-only")
"""The encodings in which every value survives; null, "", {} and [] look alike in the forms."""
