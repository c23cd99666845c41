"""JSON Pointers (RFC 6901): names for places in a document."""

from typing import Any


def pointer(*path: str | int) -> str:
    """Name the place reached by these keys and list indexes; no path names the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def put(document: Any, place: str, value: Any) -> None:
    """Set the value at `place`, which exists and is not the whole document."""
    *parents, last = [step.replace("~1", "/").replace("~0", "~") for step in place.split("/")[1:]]
    for step in parents:
        document = document[int(step) if isinstance(document, list) else step]
    document[int(last) if isinstance(document, list) else last] = value
