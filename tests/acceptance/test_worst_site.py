"""Boxes of every firmware line, in every encoding, over a network that loses replies, all at once."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Row, text

from app.domain.events import Kind
from app.simulators.site import Site
from app.store.database import Database
from app.store.queries import counts
from tests.acceptance.conftest import Product

Place = tuple[str, str, str]
"""Who, when and at which gate: what both copies of a sighting have in common, and no other sighting has."""


def place_in(row: Row[Any]) -> Place:
    return row.identity_id, row.timestamp, row.device_ip


def wait_for_the_last(product: Product, database: Database, events: int) -> None:
    """Wait for posts whose reply no box awaited, then end the receiver: it finishes what it has begun."""

    def is_there() -> bool:
        with database.read() as connection:
            return counts(connection).events >= events

    product.program.wait_until(is_there)
    product.program.stop(timeout=30)


def read_events(database: Database) -> Sequence[Row[Any]]:
    columns = "kind, identity_id, timestamp, device_ip, dev_sno, sighting_id"
    with database.read() as connection:
        assert counts(connection).quarantine == 0
        return connection.execute(text(f"SELECT {columns} FROM events")).all()


def test_every_sighting_is_there_once_of_each_kind_and_its_copies_are_linked(product: Product) -> None:
    result = Site(product.url, sightings=40, lost_replies=0.3, seed=1).run()
    assert result.refused == ()
    assert result.duplicates >= len(result.sightings)  # the whole history came twice
    with closing(Database(product.settings["DATABASE_URL"])) as database:
        wait_for_the_last(product, database, 2 * len(result.sightings))
        rows = read_events(database)

    boxes = {
        (seen.person.identity_id, str(seen.timestamp), seen.device_ip): seen.dev_sno
        for seen in result.sightings
    }
    assert len(boxes) == len(result.sightings)
    for kind in Kind:  # none is missing, and none is there twice
        assert Counter(place_in(row) for row in rows if row.kind == kind) == dict.fromkeys(boxes, 1)
    assert {place_in(row): row.dev_sno for row in rows if row.kind == Kind.HISTORY} == boxes

    # The link between both copies: as many ids as sightings, and each id stands for one sighting.
    assert len({row.sighting_id for row in rows}) == len(result.sightings)
    assert len({(row.sighting_id, place_in(row)) for row in rows}) == len(result.sightings)
