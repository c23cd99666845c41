"""Messages on their way: posted, and not answered yet."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.forwarder.posts import Post
from app.store.settlements import Claimed

MOST_FLIGHTS = 16
REPLY_SECONDS = 10.0
_MOST_LATE = 256  # messages whose late reply is still understood


@dataclass(frozen=True, slots=True)
class Flight:
    """A posted message: its id, what it carries, when it was posted by the monotonic clock.

    `number`: which message of its connection it is, from 1.
    """

    id: str
    posts: Sequence[Post]
    posted_at: float
    number: int


class Flights:
    """The window of messages; ids are compared as text (EnOS protocol, section 2)."""

    def __init__(self) -> None:
        """None is on its way."""
        self._flights: dict[str, Flight] = {}
        self._late: OrderedDict[str, list[Claimed]] = OrderedDict()

    def __len__(self) -> int:
        """How many are on their way."""
        return len(self._flights)

    @property
    def has_room(self) -> bool:
        """Whether one more may be posted."""
        return len(self._flights) < MOST_FLIGHTS

    def add(self, message_id: str, posts: Sequence[Post], now: float, number: int) -> None:
        """Count a message that is being posted."""
        self._flights[message_id] = Flight(message_id, posts, now, number)

    def still_leaving(self, now: float) -> None:
        """The last message is not written to the network yet: its time begins later."""
        if self._flights:
            message_id, flight = self._flights.popitem()
            self._flights[message_id] = replace(flight, posted_at=now)

    def numbered(self, number: int) -> Flight | None:
        """The one of this number, if it is still on its way."""
        return next((flight for flight in self._flights.values() if flight.number == number), None)

    def answered(self, message_id: str) -> Flight | None:
        """Take the message out that this reply answers; None if it answers none that is awaited."""
        return self._flights.pop(message_id, None)

    def answered_late(self, message_id: str) -> list[Claimed]:
        """The rows of a message that was given up before this reply to it came."""
        return self._late.pop(message_id, [])

    def expired(self, now: float) -> list[Flight]:
        """Take out all that EnOS left unanswered for too long."""
        overdue = [id_ for id_, flight in self._flights.items() if now - flight.posted_at > REPLY_SECONDS]
        return [self._give_up(message_id) for message_id in overdue]

    def cut_off(self) -> list[Flight]:
        """Take out all: the connection that would bring their replies has ended."""
        return [self._give_up(message_id) for message_id in list(self._flights)]

    def _give_up(self, message_id: str) -> Flight:
        flight = self._flights.pop(message_id)
        self._late[message_id] = [post.row for post in flight.posts]
        if len(self._late) > _MOST_LATE:
            self._late.popitem(last=False)
        return flight
