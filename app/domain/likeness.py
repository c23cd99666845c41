"""Pictures of faces that look alike: by their colours and shades alone, which say nothing of who it is."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

_MOST_COLOURS_APART = 2  # bits; so far apart are crops of one simulated stranger, and few of different ones
_MOST_SHADES_APART = 16  # bits; a head that moves is up to 15 apart from itself
_BYTES = 8  # of each hash

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is left of a picture to compare: 64 bits of its colours, and 64 of where it gets darker."""

    colours: int
    shades: int

    def is_like(self, other: "Likeness") -> bool:
        """Whether two pictures look alike: by the number of bits that differ in each half."""
        return (self.colours ^ other.colours).bit_count() <= _MOST_COLOURS_APART and (
            self.shades ^ other.shades
        ).bit_count() <= _MOST_SHADES_APART

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return self.colours.to_bytes(_BYTES) + self.shades.to_bytes(_BYTES)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Likeness":
        """As it was before `to_bytes`."""
        return cls(int.from_bytes(stored[:_BYTES]), int.from_bytes(stored[_BYTES:]))


def grouped(pictures: Mapping[Key, Likeness]) -> list[list[Key]]:
    """Group pictures: two are in one group if they look alike, or if a chain of such pairs links them.

    So which are together does not depend on their order. Groups are in it, and the pictures of each.
    """
    leaders: dict[Key, Key] = {}
    for key, likeness in pictures.items():
        leaders[key] = key
        for earlier in leaders:
            if pictures[earlier].is_like(likeness):
                leaders[_leader(leaders, key)] = _leader(leaders, earlier)
    return _by_leader(leaders)


def _leader(leaders: dict[Key, Key], key: Key) -> Key:
    """The one picture by which a group is known now."""
    while leaders[key] != key:
        leaders[key] = leaders[leaders[key]]
        key = leaders[key]
    return key


def _by_leader(leaders: dict[Key, Key]) -> list[list[Key]]:
    groups: dict[Key, list[Key]] = {}
    for key in list(leaders):
        groups.setdefault(_leader(leaders, key), []).append(key)
    return list(groups.values())
