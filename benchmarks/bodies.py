"""The requests that are posted: events of the contract with two pictures, no two alike."""

import base64
import itertools
import json
import random
import secrets
from typing import Any

from app.config import ROOT
from app.simulators.encodings import encode

PATH = "/HistoryEvent"
ENCODINGS = ("json", "multipart", "urlencoded")
"""Those of `app.simulators.encodings` that a box's content-type setting may bring."""

_SAMPLE = ROOT / "tests/payloads/history-contract.json"
_FIRST_TIMESTAMP = 1_700_000_000_000  # ms
_LIBRARY = 200  # people, each with one photo that comes again and again
_LIBRARY_BYTES = 15_000
_SCENE_BYTES = 51_000


class Maker:
    """Makes whole HTTP requests of about 90 KB, each with a new scene and one of 200 library photos."""

    def __init__(self) -> None:
        """Make the library."""
        self._sample: dict[str, Any] = json.loads(_SAMPLE.read_bytes())
        self._library = [_picture(_LIBRARY_BYTES) for _ in range(_LIBRARY)]
        self._timestamps = itertools.count(_FIRST_TIMESTAMP)

    def requests(self, encoding: str, count: int) -> list[bytes]:
        """Make requests in this encoding, one of ENCODINGS."""
        return [_request(*encode(self._event(), encoding)) for _ in range(count)]

    def _event(self) -> dict[str, Any]:
        ext_data = self._sample["ext_data"] | {"spot_pic": _picture(_SCENE_BYTES)}
        return self._sample | {
            "reg_pic": random.choice(self._library),
            "timestamp": next(self._timestamps),
            "ext_data": ext_data,
        }


def _picture(size: int) -> str:
    """A JPEG's first bytes and then noise, which packs as badly as a real photo; `size` in bytes."""
    return base64.b64encode(b"\xff\xd8\xff" + secrets.token_bytes(size - 3)).decode()


def _request(body: bytes, headers: dict[str, str]) -> bytes:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: {headers['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
