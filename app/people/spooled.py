"""Counts and removes what this machine's spool holds of a person, before it gets into the database."""

from collections.abc import Callable, Sequence
from contextlib import closing

from app.config import Settings
from app.domain.events import NewEvent
from app.domain.refusals import Refusal
from app.people.refused import Naming
from app.store.batches import Item
from app.store.spool.spool import spool_of


def remove_spooled(settings: Settings, identity_id: str) -> tuple[int, int, int]:
    """Take out a person's events, and refused bodies that name them.

    Returns how many of each, and how many requests could not be read, so may be theirs, too.

    Raises:
        StoreUnavailable: the spool can't be read or written.
    """
    spool = spool_of(settings)
    if spool is None:
        return 0, 0, 0
    with closing(spool):
        removed, unread = spool.remove_items(_theirs(settings, identity_id))
    return *_numbers(removed), unread


def count_spooled(settings: Settings, identity_id: str) -> tuple[int, int]:
    """Count what `remove_spooled` would take out.

    Raises:
        StoreUnavailable: the spool can't be read.
    """
    spool = spool_of(settings)
    if spool is None:
        return 0, 0
    with closing(spool):
        return _numbers(spool.find_items(_theirs(settings, identity_id)))


def _theirs(settings: Settings, identity_id: str) -> Callable[[Item], bool]:
    naming = Naming(identity_id, settings.max_body_bytes)

    def is_theirs(item: Item) -> bool:
        if isinstance(item, NewEvent):
            return item.event.identity_id == identity_id
        return isinstance(item, Refusal) and naming.is_in(item.body, item.content_type)

    return is_theirs


def _numbers(items: Sequence[Item]) -> tuple[int, int]:
    events = sum(isinstance(item, NewEvent) for item in items)
    return events, len(items) - events
