"""Oddities of an event that are no reason to refuse it."""

from dataclasses import dataclass
from enum import StrEnum


class WarningCode(StrEnum):
    """What kind of oddity; counted for each box."""

    CLOCK_BEHIND = "clock_behind"
    CLOCK_AHEAD = "clock_ahead"
    NO_PICTURE = "no_picture"
    NOT_UTF8 = "not_utf8"
    VALUES_LOST = "values_lost"
    UNKNOWN_PERSON_TYPE = "unknown_person_type"
    FIELD_MISSING = "field_missing"
    FIELD_WRONG = "field_wrong"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class EventWarning:
    """One oddity: `pointer` is its place in the document ("" for all of it), `detail` goes on from there."""

    code: WarningCode
    pointer: str
    detail: str
