"""EnOS as a relay sees it, without a network: what was posted, and the answers a test wants."""

import json
import time
from collections.abc import Callable
from typing import Any

from app.enos.messages import Reply

Answer = Callable[[list[dict[str, Any]]], int | None]
"""Elements of a message → code of the reply, or None for silence."""


class FakeExchange:
    """Answers each message at once, by `answer`, which may be changed at any time."""

    def __init__(self, answer: Answer = lambda _elements: 200) -> None:
        self.answer = answer
        self.messages: list[tuple[str, list[dict[str, Any]]]] = []
        self.is_writing = False
        self._replies: list[Reply] = []

    @property
    def sizes(self) -> list[int]:
        """How many events each message had."""
        return [len(elements) for _, elements in self.messages]

    def post(self, payload: bytes) -> bool:
        """Take a message."""
        message = json.loads(payload)
        self.messages.append((message["id"], message["params"]))
        if (code := self.answer(message["params"])) is not None:
            self.reply(message["id"], code)
        return True

    def reply(self, message_id: str, code: int) -> None:
        """Answer a message, now or late."""
        self._replies.append(Reply(message_id, code, "so says the test"))

    def replies(self, timeout: float) -> list[Reply]:
        """All replies since the last call; if none came, so much time goes by, as it would for a relay."""
        if not self._replies:
            time.sleep(timeout)
        came, self._replies = self._replies, []
        return came

    def acknowledgements(self) -> list[tuple[int, float]]:
        """None: as with QoS 0."""
        return []
