"""Keys in URLs: a box can be given nothing else."""

import hmac
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

_IN_QUERY = "key"


def take_key(environ: dict[str, Any], keys: Sequence[str]) -> bool:
    """Take every key out of a request's path and query; whether one of them is right.

    It stands as the first part of the path or in the query as `key`. Nobody behind this sees it, so nobody
    can store or log it. Changes the WSGI `environ`.
    """
    first, _, rest = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    pairs = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    given = [value for name, value in pairs if name == _IN_QUERY]
    if _is_key(first, keys):
        environ["PATH_INFO"] = f"/{rest}"
        given.append(first)
    environ["QUERY_STRING"] = urlencode([pair for pair in pairs if pair[0] != _IN_QUERY])
    for name in environ.keys() & {"RAW_URI", "REQUEST_URI"}:  # the whole URL, as gunicorn adds and logs it
        environ[name] = _url(environ)
    return any(_is_key(one, keys) for one in given)


def _url(environ: dict[str, Any]) -> str:
    """What is left of a request's path and query (PEP 3333: each character of the path is a byte)."""
    path = quote(environ.get("PATH_INFO", "").encode("latin-1", "replace"))
    query = environ["QUERY_STRING"]
    return f"{path}?{query}" if query else path


def _is_key(text: str, keys: Sequence[str]) -> bool:
    """Whether it is one of the keys; how long that takes tells nothing of them."""
    return sum(hmac.compare_digest(text.encode(errors="replace"), key.encode()) for key in keys) > 0
