"""Messages to EnOS and its replies, as bytes (EnOS protocol, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import jsontext

MOST_BYTES = 524_288
"""The largest publish that EnOS takes, after encoding (EnOS protocol, section 1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """EnOS's answer to the message with this id; `message` is its own wording, maybe empty."""

    id: str
    code: int
    message: str


def event_post(message_id: str, params: Sequence[dict[str, Any]]) -> bytes:
    """Encode one integration.event.post message; `params` are elements as `Mapping.element` makes them."""
    message = {"id": message_id, "version": "1.0", "method": "integration.event.post", "params": params}
    return jsontext.dump(message).encode()


def parse_reply(payload: bytes) -> Reply:
    """Decode a reply. Older hubs echo the id as a number: it is compared as text.

    Raises:
        ValueError: the payload is no reply.
    """
    reply = jsontext.parse(payload)
    try:
        return Reply(str(reply["id"]), int(reply["code"]), str(reply.get("message") or ""))
    except (TypeError, KeyError, AttributeError):
        raise ValueError("a reply needs an id and a code") from None
