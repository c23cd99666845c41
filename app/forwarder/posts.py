"""Outbox rows that are ready to go, and how many of them make a message."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from app.store.settlements import Claimed

_MOST_EVENTS = 1024
_LEAST_BYTES = 8_000


@dataclass(frozen=True, slots=True)
class Post:
    """A claimed row and its element of a message, encoded."""

    row: Claimed
    element: bytes


class Backlog:
    """What is claimed and waits to be posted, in the order in which it goes."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes`: so many may the elements of one message have, with a comma between each two."""
        self._most_bytes = self._fitting_bytes = most_bytes
        self._waiting: deque[Post] = deque()
        self._halves: deque[Sequence[Post]] = deque()

    @property
    def waiting(self) -> int:
        """How many events wait, but for those of refused messages."""
        return len(self._waiting)

    def add(self, posts: Sequence[Post]) -> None:
        """Put posts behind the others; of these the ones that never failed go first."""
        self._waiting.extend(sorted(posts, key=lambda post: post.row.attempts))

    def shrink(self) -> None:
        """Make messages half as large: on a slow line a large one is not answered in time."""
        self._fitting_bytes = max(_LEAST_BYTES, self._fitting_bytes // 2)

    def grow(self) -> None:
        """Make messages larger again, if they were made smaller."""
        self._fitting_bytes = min(self._most_bytes, self._fitting_bytes * 5 // 4)

    def halve(self, posts: Sequence[Post]) -> None:
        """Put a refused message's two halves before all others, to find the event that is to blame."""
        middle = len(posts) // 2
        self._halves.extendleft([posts[middle:], posts[:middle]])

    def take_message(self) -> Sequence[Post]:
        """Take what makes the next message: as many as fit; nothing if nothing waits."""
        if self._halves:
            return self._halves.popleft()
        return self._take_fitting() if self._waiting else []

    def take_one(self) -> Sequence[Post]:
        """Take one event, of those that are not known to be in a refused message if there is one."""
        if self._waiting:
            return [self._waiting.popleft()]
        if not self._halves:
            return []
        first, *others = self._halves.popleft()
        if others:
            self._halves.appendleft(others)
        return [first]

    def take_all(self) -> list[Post]:
        """Take everything."""
        everything = [post for posts in (*self._halves, self._waiting) for post in posts]
        self._halves.clear()
        self._waiting.clear()
        return everything

    def _take_fitting(self) -> list[Post]:
        """At least one, and none that failed more or less often than the first.

        What has failed goes in ever smaller messages, down to one event: one that EnOS answers with silence,
        or with a fault of its own, so ends up alone and holds up no other.
        """
        taken = [self._waiting.popleft()]
        failed = taken[0].row.attempts
        most = max(1, _MOST_EVENTS >> failed)
        left = self._fitting_bytes - len(taken[0].element)
        while self._waiting and len(taken) < most and self._waiting[0].row.attempts == failed:
            left -= len(self._waiting[0].element) + 1
            if left < 0:
                break
            taken.append(self._waiting.popleft())
        return taken
