"""Channels and conditions in the mapping file."""

from collections.abc import Container
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app import setting_values
from app.domain.events import Kind
from app.enos.channel_entry import ChannelEntry
from app.enos.mapping.conditions import Conditions, any_of
from app.enos.mapping_file.toml_tables import (
    Number,
    Parsed,
    Table,
    list_of,
    nonempty_text,
    text,
    whole_number,
)

_SETS = ("kinds", "person_types", "groups")
_READY_MADE = ("client_id", "username", "password_file")
_TLS = ("tls_ca", "tls_cert", "tls_key")
_PERSON_TYPE = validate.Range(
    1, 5, error="must be 1 (employee), 2 (visitor), 3 (blacklist), 4 (stranger) or 5 (VIP)"
)  # SE3 protocol, section 2


class ConditionsTable(Table):
    """Which events pass; see `app.enos.mapping.conditions`."""

    kinds = list_of(fields.Enum(Kind, by_value=True, error_messages={"unknown": "must be one of {choices}"}))
    person_types = list_of(whole_number(validate=_PERSON_TYPE))
    groups = list_of(text())
    min_score = Number()
    max_score = Number()
    devices = list_of(text())

    @validates_schema(skip_on_field_errors=False)
    def _check_scores(self, values: dict[str, Any], **_options: Any) -> None:
        if "min_score" in values and values["min_score"] > values.get("max_score", values["min_score"]):
            raise ValidationError({"min_score": ["must not be more than max_score"]})


def conditions(values: dict[str, Any]) -> Conditions:
    """Make the conditions that a loaded table describes."""
    found = {key: value for key, value in values.items() if key not in ("devices", *_SETS)}
    found |= {key: frozenset(values[key]) for key in _SETS if key in values}
    return Conditions(**found, devices=any_of(values["devices"]) if "devices" in values else None)


def _broker_url(url: str) -> str:
    if "@" in url:
        raise ValueError("must hold no user and password: username and password_file do")
    return setting_values.broker_url(url)


class ChannelTable(Table):
    """One channel: where it is, how to log in, which events it takes."""

    broker_url = Parsed(_broker_url, required=True)
    product_key = Parsed(setting_values.product_key, required=True)
    product_secret_file = Parsed(setting_values.path)
    client_id = nonempty_text()
    username = nonempty_text()
    password_file = Parsed(setting_values.path)
    tls_ca = Parsed(setting_values.path)
    tls_cert = Parsed(setting_values.path)
    tls_key = Parsed(setting_values.path)
    when = fields.Nested(ConditionsTable)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _check_login(self, _values: Any, original: Any, **_options: Any) -> None:
        if isinstance(original, dict) and (wrong := _wrong_login(original)):
            raise ValidationError(wrong)

    @validates_schema
    def _check_tls(self, values: dict[str, Any], **_options: Any) -> None:
        if wrong := _wrong_tls(values):
            raise ValidationError(wrong)


def channel(name: str, values: dict[str, Any]) -> ChannelEntry:
    """Make the channel that a loaded table describes."""
    return ChannelEntry(name=name, **{key: value for key, value in values.items() if key != "when"})


def _wrong_login(given: Container[str]) -> dict[str, list[str]]:
    ready_made = [key for key in _READY_MADE if key in given]
    if "product_secret_file" in given:
        return {key: ["has no use beside product_secret_file"] for key in ready_made}
    if not ready_made:
        return {"product_secret_file": [f"is missing; or else {', '.join(_READY_MADE)} are"]}
    return {key: [f"is missing beside {ready_made[0]}"] for key in _READY_MADE if key not in given}


def _wrong_tls(values: dict[str, Any]) -> dict[str, list[str]]:
    given = [key for key in _TLS if key in values]
    if not values["broker_url"].startswith("mqtts:"):
        return {key: ["is for a broker_url that begins with mqtts: only"] for key in given}
    if ("tls_cert" in given) != ("tls_key" in given):
        return {"tls_cert" if "tls_key" in given else "tls_key": ["is missing: each needs the other"]}
    return {}
