"""What pictures of faces are compared by: worked out once, when somebody first asks for it."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, select

from app.domain.likeness import Likeness
from app.store.models import FaceLikenessRow
from app.store.statements import insert_missing

_SLICE = 1000  # parameters of a statement; PostgreSQL takes 65,535


def of_pictures(connection: Connection, sha256s: Sequence[bytes]) -> dict[bytes, Likeness | None]:
    """What is known of these pictures; None for one that can't be compared."""
    query = select(FaceLikenessRow.sha256, FaceLikenessRow.likeness)
    return {
        sha256: None if stored is None else Likeness.from_bytes(stored)
        for some in _slices(sha256s)
        for sha256, stored in connection.execute(query.where(FaceLikenessRow.sha256.in_(some)))
    }


def keep(connection: Connection, found: Mapping[bytes, Likeness | None]) -> None:
    """Keep what was worked out; another may have done so already."""
    # In order, so that two transactions which keep the same ones can't wait for each other.
    rows = [
        {"sha256": sha256, "likeness": likeness and likeness.to_bytes()}
        for sha256, likeness in sorted(found.items(), key=lambda item: item[0])
    ]
    if rows:
        connection.execute(insert_missing(connection, FaceLikenessRow).values(rows))


def _slices(sha256s: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (sha256s[i : i + _SLICE] for i in range(0, len(sha256s), _SLICE))
