"""Whether a message's values have the types of a thing model, judged by the model's JSON alone."""

from typing import Any

_PLAIN = {"INT": int, "TIMESTAMP": int, "FLOAT": float, "DOUBLE": float, "BOOL": bool}


def misfits(model: dict[str, Any], element: dict[str, Any]) -> list[str]:
    """Name the members of an element that the model does not have, or has with another type."""
    if "measurepoints" in element:
        return _misfits(model["measurepoints"], element["measurepoints"])
    known = {event["identifier"]: event["outputData"] for event in model["events"]}
    return [name for event, values in element["events"].items() for name in _misfits(known[event], values)]


def _misfits(features: list[dict[str, Any]], values: dict[str, Any]) -> list[str]:
    types = {feature["identifier"]: feature["dataType"] for feature in features}
    return [name for name, value in values.items() if name not in types or not _fits(types[name], value)]


def _fits(data_type: dict[str, Any], value: Any) -> bool:
    kind, specs = data_type["type"], data_type["specs"]
    if kind == "STRING":
        return type(value) is str and 1 <= len(value.encode()) <= specs["length"]
    if kind == "ARRAY":
        inside = type(value) is list and 1 <= len(value) <= specs["size"]
        return inside and all(_fits(specs["item"], item) for item in value)
    if kind == "STRUCT":
        return type(value) is dict and bool(value) and not _misfits(specs["members"], value)
    return type(value) is _PLAIN[kind]
