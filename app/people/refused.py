"""Finds the refused bodies that name a person."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app import jsontext
from app.errors import NotDecrypted
from app.receiver.refused.opening import BinaryBody, FormBody, JsonBody, open_body
from app.store import quarantine
from app.store.database import Database

_FIELD = "identity_id"
_NAME = re.compile(rf"(^|\W){_FIELD}\W*$")


@dataclass(frozen=True, slots=True)
class LookedInto:
    """A refused body. `is_theirs`: whether it names the person; None: it can't be decrypted."""

    id: UUID
    body: bytes
    is_theirs: bool | None


def look_into_refused(database: Database, identity_id: str, most_bytes: int) -> Iterator[LookedInto]:
    """Look into each refused body for this id in a field `identity_id`.

    In one that can't be read, the id stands behind that name with nothing but marks between them. Bodies that
    unpack to more than `most_bytes` are not unpacked.
    """
    with database.read() as connection:
        ids = quarantine.ids(connection)
    naming = Naming(identity_id, most_bytes)
    for quarantine_id in ids:
        try:
            with database.read() as connection:
                found = quarantine.get(connection, quarantine_id)
        except NotDecrypted:
            yield LookedInto(quarantine_id, b"", None)
            continue
        if found:
            known, body = found
            yield LookedInto(quarantine_id, body, naming.is_in(body, known.content_type))


def not_looked_into(number: int) -> str:
    """Says so of so many refused bodies."""
    return f"{number} refused bodies could not be looked into: their key is missing, or they were changed"


class Naming:
    """Tells whether a body names a person."""

    def __init__(self, identity_id: str, most_bytes: int) -> None:
        """`most_bytes`: of a body that is unpacked."""
        self._id = identity_id
        self._most_bytes = most_bytes
        written = {identity_id, jsontext.dump(identity_id)[1:-1], ascii(identity_id)[1:-1]}
        any_way = "|".join(map(re.escape, sorted(written)))
        self._in_text = re.compile(rf"{_FIELD}\W{{1,20}}({any_way})(?!\w)")

    def is_in(self, body: bytes, content_type: str) -> bool:
        """Whether the person's id stands where an event has it."""
        opened = open_body(body, content_type, self._most_bytes)
        if isinstance(opened, JsonBody):
            return self._in_value(opened.value)
        if isinstance(opened, FormBody):
            return any(self._in_field(name, value) for name, value in opened.fields)
        text = opened.content.decode(errors="replace") if isinstance(opened, BinaryBody) else opened.text
        return bool(self._in_text.search(text))

    def _in_field(self, name: str, value: str | bytes) -> bool:
        text = value if isinstance(value, str) else value.decode(errors="replace")
        return (bool(_NAME.search(name)) and text.strip() == self._id) or bool(self._in_text.search(text))

    def _in_value(self, value: Any) -> bool:
        """Without recursion: a body may be nested as deeply as its parser lets it."""
        rest = [value]
        while rest:
            one = rest.pop()
            if isinstance(one, dict):
                if _FIELD in one and str(one[_FIELD]).strip() == self._id:
                    return True
                rest += one.values()
            elif isinstance(one, list):
                rest += one
            elif isinstance(one, str) and self._in_text.search(one):
                return True
        return False
