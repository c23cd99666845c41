"""A body made fit to be edited by a person, and the edited one made a body again, its pictures in place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

from app.receiver.body.decoding import Encoding
from app.receiver.refused.opening import BinaryBody, FormBody, JsonBody, Opened, TextBody
from app.receiver.refused.shortening import PictureTokens, shortened
from app.store.pictures import text_as_sent

_LONGEST = 2**20  # characters, which a browser still edits

Value = str | bytes


class Field(NamedTuple):
    """What a person edits: a field of a form, or, without a name, all of a body that is none."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class EditedBody:
    """A corrected body, None if nothing was changed. JSON needs no `content_type`."""

    body: bytes | None = None
    content_type: str = ""


class Editor:
    """Lets a person edit one body.

    Where nothing of a field was changed, it stays what it was, though no browser could send it.
    """

    def __init__(self, fields: Sequence[tuple[str, Value]], encoding: Encoding) -> None:
        """`fields`: the body's, with their values as they are; of JSON one without a name."""
        self._fields = fields
        self._encoding = encoding
        self._tokens = PictureTokens([value for _, value in fields if isinstance(value, str)])
        self.fields = [Field(name, self._shown(value)) for name, value in fields]

    @property
    def is_form(self) -> bool:
        """Whether fields have names, may be added and be left out."""
        return self._encoding is not Encoding.JSON

    def edited(self, typed: Sequence[Field]) -> EditedBody:
        """The body with what was typed.

        `typed` begins with the fields in their order; one whose name was emptied is left out.
        """
        values = [(field.name, self._value(index, field)) for index, field in enumerate(typed)]
        kept = [(name, value) for name, value in values if name or not self.is_form]
        return EditedBody() if kept == list(self._fields) else _encoded(kept, self._encoding)

    def _shown(self, value: Value) -> str:
        if isinstance(value, bytes):
            return self._tokens.take(text_as_sent("", value))
        return shortened(value, self._tokens.take, in_form=self.is_form)

    def _value(self, index: int, typed: Field) -> Value:
        if index < len(self._fields) and _as_sent(self.fields[index].text) == _as_sent(typed.text):
            return self._fields[index][1]
        return self._tokens.put_back(typed.text)


def editor_of(opened: Opened) -> Editor | None:
    """What lets a person edit a body; None where not all of it is text, or it is too long."""
    if isinstance(opened, BinaryBody) or (isinstance(opened, TextBody) and not opened.is_whole):
        return None
    if isinstance(opened, FormBody):
        editor = Editor(opened.fields, opened.encoding)
    else:
        editor = Editor(
            [("", text_of(opened.value) if isinstance(opened, JsonBody) else opened.text)], Encoding.JSON
        )
    return editor if sum(len(field.text) for field in editor.fields) <= _LONGEST else None


def text_of(value: object) -> str:
    """JSON in lines."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _as_sent(text: str) -> str:
    """A text as any browser would send it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")


def _encoded(fields: Sequence[tuple[str, Value]], encoding: Encoding) -> EditedBody:
    if encoding is Encoding.JSON:
        [(_, value)] = fields
        return EditedBody(_bytes(value))
    if encoding is Encoding.URLENCODED:
        return EditedBody(urlencode(fields).encode(), "application/x-www-form-urlencoded")
    parts = [(name, ("file", value) if isinstance(value, bytes) else value) for name, value in fields]
    return EditedBody(*encode_multipart_formdata(parts))


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else value.encode()
