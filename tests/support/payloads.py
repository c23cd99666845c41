"""What real boxes send, one JSON file for each kind and version."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "payloads"


def payload(name: str) -> dict[str, Any]:
    """Read a body, such as `history-v6`."""
    document: dict[str, Any] = json.loads(payload_bytes(name))
    return document


def payload_bytes(name: str) -> bytes:
    """Read a body as a box sends it."""
    return (_FOLDER / f"{name}.json").read_bytes()
