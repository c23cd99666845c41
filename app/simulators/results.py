"""What a simulated box learns from the answer to one post."""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one post.

    `status` is the HTTP status, None where no answer came; `seconds` the time until then; `duplicate`
    whether the receiver said it had the event already; `reason` why it was not taken, "" if it was or is
    not known. `lost`: the request was sent in full, and the box closed the connection without reading the
    reply.
    """

    status: int | None
    seconds: float
    duplicate: bool = False
    reason: str = ""
    lost: bool = False


def read_result(status: int, body: bytes, seconds: float) -> Result:
    """Read the receiver's answer; `seconds` is what it took."""
    reply = _json_object(body)
    if status != 200:
        return Result(status, seconds, reason=str(reply.get("detail", f"HTTP status {status}")))
    data = reply.get("data")
    return Result(status, seconds, duplicate=isinstance(data, dict) and data.get("duplicate") is True)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:  # any server may stand at the other end
        return {}
    return value if isinstance(value, dict) else {}
