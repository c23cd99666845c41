"""Messages to EnOS and its replies, as bytes (EnOS protocol, section 2)."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import jsontext
from app.enos.mode import Mode
from app.errors import MappingError

MOST_BYTES = 524_288
"""The largest publish that EnOS takes, after encoding (EnOS protocol, section 1)."""

_ID_BITS = 52
_LONGEST_MESSAGE = 500  # characters of EnOS's wording that are kept


@dataclass(frozen=True, slots=True)
class Reply:
    """EnOS's answer to the message with this id; `message` is its own wording, maybe empty."""

    id: str
    code: int
    message: str


def encode_element(element: dict[str, Any]) -> bytes:
    """Encode one element of a message's params, as `Mapping.element` makes it."""
    return jsontext.dump(element).encode()


def post(message_id: str, mode: Mode, elements: Sequence[bytes]) -> bytes:
    """Join encoded elements to one message that posts them."""
    head = {"id": message_id, "version": "1.0", "method": f"integration.{mode}.post", "params": []}
    return b"%b%b]}" % (jsontext.dump(head).encode().removesuffix(b"]}"), b",".join(elements))


def post_one(message_id: str, mode: Mode, element: dict[str, Any]) -> bytes:
    """Make a message that posts one element.

    Raises:
        MappingError: it is larger than EnOS takes.
    """
    message = post(message_id, mode, [encode_element(element)])
    if len(message) > MOST_BYTES:
        raise MappingError(f"the message has {len(message)} bytes; EnOS takes {MOST_BYTES}")
    return message


def envelope_bytes(mode: Mode) -> int:
    """How many bytes a message has at most beside its elements and the commas between them."""
    return len(post(str(2**_ID_BITS), mode, []))


def new_message_id() -> str:
    """A number that no other client of the channel uses, as text.

    Random, because every installation of a product hears all its replies; of 52 bits, because older hubs
    echo it as a number, maybe a double.
    """
    return str(secrets.randbits(_ID_BITS))


def parse_reply(payload: bytes) -> Reply:
    """Decode a reply. Older hubs echo the id as a number: it is compared as text.

    Raises:
        ValueError: the payload is no reply.
    """
    reply = jsontext.parse(payload)
    if not isinstance(reply, dict) or not {"id", "code"} <= reply.keys():
        raise ValueError("a reply is an object with an id and a code")
    message = str(reply.get("message") or "").replace("\x00", "\ufffd")
    return Reply(_id(reply["id"]), _code(reply["code"]), message[:_LONGEST_MESSAGE])


def _id(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _code(value: object) -> int:
    digits = str(value) if isinstance(value, int | str) else ""
    if not re.fullmatch(r"-?[0-9]{1,9}", digits):
        raise ValueError("the code of a reply is a whole number")
    return int(digits)
