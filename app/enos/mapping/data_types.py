"""The data types of a thing model, each made from a scalar, a list or an object of an event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.enos.mapping.values import LONGEST_STRING, converter

LONGEST_ARRAY = 128
"""Elements that every EnOS takes in an array; later ones take 1,024 (EnOS protocol, section 4)."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `length` is the most bytes of a string."""

    name: str
    length: int = LONGEST_STRING
    convert: Callable[[Any], Any] = field(init=False, repr=False, compare=False)
    """See `app.enos.mapping.values.converter`."""

    def __post_init__(self) -> None:
        """Choose how to convert: it is done for every value of every event."""
        object.__setattr__(self, "convert", converter(self.name, self.length))

    def __str__(self) -> str:
        """For a person: `int`, or `string of 1 to 64 bytes`."""
        return f"string of 1 to {self.length} bytes" if self.name == "string" else self.name


@dataclass(frozen=True, slots=True)
class Array:
    """A list of values of one type; elements beyond `length` are cut off."""

    item: Scalar
    length: int = LONGEST_ARRAY

    def __str__(self) -> str:
        """For a person: `array of 1 to 128 int`."""
        return f"array of 1 to {self.length} {self.item}"

    def convert(self, value: Any) -> list[Any] | None:
        """Convert each element; nothing, empty text and an empty list give None.

        Raises:
            ValueError: the value is no list, or an element does not fit.
        """
        if value is None or value == "":
            return None
        if not isinstance(value, list):
            raise ValueError("is no list")
        return [self._element(at, item) for at, item in enumerate(value[: self.length])] or None

    def _element(self, position: int, item: Any) -> Any:
        try:
            element = self.item.convert(item)
        except ValueError as error:
            raise ValueError(f"has an element {position + 1} that {error}") from None
        if element is None:  # EnOS takes no null, and without it the others would move up
            raise ValueError(f"has an element {position + 1} that is empty")
        return element


@dataclass(frozen=True, slots=True)
class Struct:
    """An object of members, each of which may be left out."""

    members: tuple["Member", ...]

    def __str__(self) -> str:
        """For a person."""
        return "struct"

    def convert(self, value: Any) -> dict[str, Any] | None:
        """Convert each member; nothing, empty text and an object without any of the members give None.

        Raises:
            ValueError: the value is no object, or a member does not fit.
        """
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise ValueError("is no object")
        found = {member.name: self._member(member, value) for member in self.members}
        return {name: inner for name, inner in found.items() if inner is not None} or None

    def _member(self, member: "Member", value: dict[str, Any]) -> Any:
        try:
            return member.value_in(value)
        except ValueError as error:
            raise ValueError(f"holds {member.field}, which {error}") from None


DataType = Scalar | Array | Struct


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the EnOS event, or of a struct in it.

    `read` takes the value of `field` out of what holds it. `default` stands for a value that is missing; a
    constant has it and no field.
    """

    name: str
    type: DataType
    field: str | None
    read: Callable[[Any], Any]
    default: Any = None

    def value_in(self, source: Any) -> Any:
        """The member's value, None where there is none.

        Raises:
            ValueError: the value does not fit the type; the text goes on from the field's name.
        """
        value = self.type.convert(self.read(source))
        return self.default if value is None else value
