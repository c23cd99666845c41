"""marshmallow's parts for tables of TOML, with reasons that go on from a key's name."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

Messages = dict[str, str | list[Any] | dict[Any, Any]]

MISSING: Messages = {"required": "is missing"}
NO_TABLE = {"type": "must be a table"}


class Table(Schema):
    """A table whose keys are all known: any other is wrong, and the nearest one that is known is named."""

    error_messages = NO_TABLE

    class Meta:
        """What is unknown is refused below."""

        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown(self, _values: Any, original: Any, **_options: Any) -> None:
        keys = original.keys() - self.fields.keys() if isinstance(original, dict) else ()
        if wrong := {key: [_unknown(key, self.fields)] for key in keys}:
            raise ValidationError(wrong)


class Tables(fields.Field[dict[str, Any]]):
    """A table of tables under names of the site's own."""

    def __init__(self, table: Schema, check_name: Callable[[str], object], **options: Any) -> None:
        """`check_name` raises ValidationError where a name won't do; `options`: marshmallow's own."""
        super().__init__(**options)
        self._table = table
        self._check_name = check_name

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **options: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError(NO_TABLE["type"])
        loaded, wrong = {}, {}
        for name, content in value.items():
            try:
                loaded[name] = self._load(name, content)
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong, valid_data=loaded)
        return loaded

    def _load(self, name: str, content: Any) -> Any:
        """Load one table; what is wrong with it and what with its name come together."""
        loaded, wrong = None, {}
        try:
            loaded = self._table.load(content)
        except ValidationError as error:
            wrong = error.messages_dict
        try:
            self._check_name(name)
        except ValidationError as error:
            wrong["_schema"] = [*error.messages, *wrong.get("_schema", [])]
        if wrong:
            raise ValidationError(wrong)
        return loaded


class Parsed(fields.String):
    """Text that `parse` turns into something, or for which it raises ValueError with what it must be."""

    def __init__(self, parse: Callable[[str], Any], **options: Any) -> None:
        """`options`: marshmallow's own."""
        super().__init__(error_messages=MISSING | {"invalid": "must be text"}, **options)
        self._parse = parse

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **options)
        try:
            return self._parse(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None


def text(**options: Any) -> fields.String:
    """Text as it is; `options`: marshmallow's own."""
    return fields.String(error_messages=MISSING | {"invalid": "must be text"}, **options)


def nonempty_text(**options: Any) -> fields.String:
    """Text of at least one character; `options`: marshmallow's own."""
    return text(validate=validate.Length(min=1, error="must not be empty"), **options)


def one_of(*words: str, **options: Any) -> fields.String:
    """One of these words; `options`: marshmallow's own."""
    return text(validate=validate.OneOf(words, error="must be one of {choices}"), **options)


def whole_number(**options: Any) -> fields.Integer:
    """A whole number; `options`: marshmallow's own."""
    return fields.Integer(strict=True, error_messages={"invalid": "must be a whole number"}, **options)


class Number(fields.Float):
    """A number that TOML has as one: no text is read as a number."""

    def __init__(self) -> None:
        """Nothing can be chosen."""
        reason = "must be a number"
        super().__init__(error_messages={"invalid": reason, "special": reason, "too_large": reason})

    def _validated(self, value: Any) -> float:
        if not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


def list_of(item: fields.Field[Any]) -> fields.List[Any]:
    """A list that holds something."""
    return fields.List(item, validate=_not_empty, error_messages={"invalid": "must be a list"})


def _not_empty(items: list[Any]) -> None:
    if not items:
        raise ValidationError("must not be empty")


def _unknown(key: str, known: Iterable[str]) -> str:
    if f"{key}_file" in known:
        return f"must not stand in this file: put it into a file of its own, and name that as {key}_file"
    nearest = difflib.get_close_matches(key, known, n=1)
    return f"is not known; did you mean {nearest[0]}?" if nearest else "is not known"
