"""The fields of an urlencoded body."""

import re
from binascii import unhexlify

from ada_url import URLSearchParams

from app.receiver.body.charsets import UTF_8, charset_of

_MOST_FIELDS = 1000
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")

Field = tuple[str, str]


def fields_of(body: bytes) -> tuple[list[Field], str]:
    """The fields of urlencoded form data, each a name and a value, and their charset.

    Raises:
        ValueError: they are no text, or too many.
    """
    ampersands = len(body) - len(body.replace(b"&", b""))  # in a fifth of the time that count() takes
    if ampersands >= _MOST_FIELDS:
        raise ValueError(f"it holds more than {_MOST_FIELDS} fields")
    try:
        return _utf8_fields(body), UTF_8
    except UnicodeDecodeError:
        return _fields_of_any_charset(body)


def _utf8_fields(body: bytes) -> list[Field]:
    """By a parser of URLs in C++: two pictures hold thousands of escapes, each a step of Python otherwise."""
    query = f"?{body.decode()}"  # the parser drops this "?", and so none of the body's own
    return list(URLSearchParams(query).items())


def _fields_of_any_charset(body: bytes) -> tuple[list[Field], str]:
    parted = [field.partition(b"=") for field in body.split(b"&") if field]
    fields = [(_unescape(name), _unescape(value)) for name, _, value in parted]
    charset = charset_of(text for field in fields for text in field)
    return [(name.decode(charset), value.decode(charset)) for name, value in fields], charset


def _unescape(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda escape: unhexlify(escape[1]), text.replace(b"+", b" "))
