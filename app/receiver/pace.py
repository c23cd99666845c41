"""How fast one sender may send."""

import threading
from collections import OrderedDict

_BURST_SECONDS = 60.0
_MOST_SENDERS = 10_000


class Memory(OrderedDict[str, float]):
    """An instant for each sender; of too many, the one whose was set longest ago is forgotten.

    Threads may share it: at no moment is a sender absent that is being set anew.
    """

    def __init__(self) -> None:
        """Nobody has sent yet."""
        super().__init__()
        self._lock = threading.Lock()

    def __setitem__(self, sender: str, instant: float) -> None:
        """Set a sender's instant."""
        with self._lock:
            super().__setitem__(sender, instant)
            self.move_to_end(sender)
            if len(self) > _MOST_SENDERS:
                self.popitem(last=False)


class Pace:
    """So many requests a second from each address; who was quiet may send a minute's worth at once."""

    def __init__(self, rate: int) -> None:
        """`rate`: requests a second."""
        self._rate = rate
        self._paid_until = Memory()

    def wait_of(self, sender: str, now: float) -> float:
        """Seconds until the sender may send, 0 if this one counts as sent now. `now` is monotonic."""
        paid = max(self._paid_until.get(sender, 0.0), now - _BURST_SECONDS)
        if paid >= now:
            return paid - now + 1 / self._rate
        self._paid_until[sender] = paid + 1 / self._rate
        return 0.0
