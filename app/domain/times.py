"""A box's timestamp, in whichever unit it was sent, as an instant in UTC."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)  # a day for time zones and for what is near
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_FIRST_MILLISECONDS = 10**11  # as seconds this would be the year 5138; as milliseconds it is 1973
_FIRST_MICROSECONDS = 10**14


def from_timestamp(value: float) -> datetime:
    """Turn seconds, milliseconds or microseconds since 1970 into UTC, telling them apart by size.

    Boxes send all three, mostly 13-digit milliseconds (SE3 protocol, section 2).

    Raises:
        ValueError: the instant lies outside the years 1 to 9999, or within a day of their ends.
    """
    try:
        instant = EPOCH + timedelta(microseconds=round(value * _microseconds_per_unit(abs(value))))
    except OverflowError:
        instant = _FIRST
    if not _FIRST < instant < _LAST:
        raise ValueError("is no date between the years 1 and 9999")
    return instant


def to_milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970, as EnOS counts time."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def _microseconds_per_unit(size: float) -> int:
    if size < _FIRST_MILLISECONDS:
        return 1_000_000
    return 1_000 if size < _FIRST_MICROSECONDS else 1
