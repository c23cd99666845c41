"""The account: what was acknowledged, held against what is stored and what EnOS has accepted."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from app.durability.hub import noted
from app.durability.load import picture_hash
from app.store.accounts import stored_pictures, timestamps
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Account:
    """Numbers of events, but for `kills`, how often each kind of process was killed, and `cuts`.

    Of those acknowledged, `not_stored` are not in the database, or not with their picture, and
    `not_delivered` were not accepted by EnOS. `twice` are in the database more than once,
    `delivered_twice` reached EnOS more than once, which may happen. `cuts`: copies of the database's files
    that were tried, and `bad_cuts` what was wrong with some of them.
    """

    posted: int
    acknowledged: int
    stored: int
    delivered: int
    not_stored: int
    not_delivered: int
    twice: int
    delivered_twice: int
    kills: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    bad_cuts: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Events that were acknowledged, and are not stored or not delivered."""
        return max(self.not_stored, self.not_delivered)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, nothing is stored twice, and every cut was sound."""
        return not (self.lost or self.twice or self.bad_cuts)


def account(database: Database, notes: Path, posted: int, acknowledged: AbstractSet[str]) -> Account:
    """Draw it up; `notes` are EnOS's, `acknowledged` the names of events.

    Raises:
        StoreUnavailable: the database can't be read.
    """
    with database.read() as connection:
        stored = Counter(timestamps(connection))
        whole = {
            found.timestamp
            for found in stored_pictures(connection)
            if found.sha256 == picture_hash(found.timestamp)
        }
    delivered = noted(notes)
    return Account(
        posted=posted,
        acknowledged=len(acknowledged),
        stored=len(stored),
        delivered=len(delivered),
        not_stored=len(acknowledged - whole),
        not_delivered=len(acknowledged - delivered.keys()),
        twice=sum(number > 1 for number in stored.values()),
        delivered_twice=sum(number > 1 for number in delivered.values()),
    )
