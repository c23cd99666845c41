"""What a forwarder holds of the outbox, and what it writes back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.delivery import DeliveryState


class Claimed(NamedTuple):
    """A row that the channel's holder is sending. `attempts` counts the earlier, failed ones."""

    id: int
    event_id: UUID
    attempts: int
    channel: str
    claim: UUID


class Settlement(NamedTuple):
    """What is written back for a claimed row.

    `attempts` is the new count. `due_at` matters only for pending rows. `code` is EnOS's, `reason` is for a
    person; both are None where there is nothing to say. `channel`: another one than the claim's.
    """

    claimed: Claimed
    state: DeliveryState
    attempts: int
    due_at: datetime
    code: int | None = None
    reason: str | None = None
    channel: str | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it was tried in vain; what was given back without having been sent has no reason."""
        is_tried_again = self.state is DeliveryState.PENDING and self.reason is not None
        return is_tried_again or self.state is DeliveryState.PARKED
