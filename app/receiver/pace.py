"""How fast one sender may send."""

_BURST_SECONDS = 60.0
_MOST_SENDERS = 10_000


class Memory(dict[str, float]):
    """An instant for each sender; of too many, the one whose was set longest ago is forgotten."""

    def __setitem__(self, sender: str, instant: float) -> None:
        """Set a sender's instant."""
        self.pop(sender, None)
        super().__setitem__(sender, instant)
        if len(self) > _MOST_SENDERS:
            self.pop(next(iter(self)), None)


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
