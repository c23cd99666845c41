"""A thing model in the form of a model file."""

from typing import Any


def member(identifier: str, kind: str, **specs: Any) -> dict[str, Any]:
    """Give a member of an event, a struct, or a measure point."""
    return {
        "identifier": identifier,
        "name": identifier,
        "dataType": {"type": kind, "specs": specs},
    }


def model(*members: dict[str, Any]) -> dict[str, Any]:
    """Give a model with the event `face` that has these members, which are measure points as well."""
    event = {"identifier": "face", "name": "face", "outputData": list(members)}
    return {"events": [event], "measurepoints": list(members)}
