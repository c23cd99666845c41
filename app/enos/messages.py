"""Messages to EnOS and its replies, as bytes (EnOS protocol, section 2)."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app import jsontext

MOST_BYTES = 524_288
"""The largest publish that EnOS takes, after encoding (EnOS protocol, section 1)."""

_LONGEST_MESSAGE = 500  # characters of EnOS's wording that are kept


@dataclass(frozen=True, slots=True)
class Reply:
    """EnOS's answer to the message with this id; `message` is its own wording, maybe empty."""

    id: str
    code: int
    message: str


class Mode(StrEnum):
    """What an event becomes in EnOS."""

    EVENT = "event"


def encode_element(element: dict[str, Any]) -> bytes:
    """Encode one element of params, as `Mapping.element` makes it."""
    return jsontext.dump(element).encode()


def post(message_id: str, mode: Mode, elements: Sequence[bytes]) -> bytes:
    """Put encoded elements together into one message."""
    head = f'{{"id":"{message_id}","version":"1.0","method":"integration.{mode}.post","params":['
    return head.encode() + b",".join(elements) + b"]}"


def envelope_bytes(mode: Mode) -> int:
    """At most so many bytes has a message beside its elements and the commas between them."""
    return len(post("9" * 16, mode, []))


def new_message_id() -> str:
    """A number that no other client of the channel uses, as text.

    Random, because every installation of a product hears all its replies; of 52 bits, because older hubs
    echo it as a number, maybe a double.
    """
    return str(secrets.randbits(52))


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
