"""How long requests take: a box gives a real-time event 0.5 s (SE3 protocol, section 1), and says nothing."""

import time
from contextvars import ContextVar

import structlog
from flask import Blueprint, Response, g, request

from app.harmless import harmless
from app.receiver.paths import loggable
from app.store.counters import REPLIES_LATE
from app.store.recorder import Recorder
from app.telemetry.metrics import REPLY_SECONDS

PROMPT_SECONDS = 0.5

ready_at: ContextVar[float | None] = ContextVar("ready_at", default=None)
"""When the first bytes of this thread's present request had come (monotonic); None if nobody noted it."""

log = structlog.get_logger(__name__)


def tell_when_late(endpoints: Blueprint, writer: Recorder) -> None:
    """Time each reply of these endpoints; have a late one say so in a header and the log, and counted."""

    @endpoints.after_request
    def tell(response: Response) -> Response:
        now = time.monotonic()
        seconds = now - (ready_at.get() or now)
        with harmless("replies"):
            REPLY_SECONDS.labels((request.endpoint or "").rpartition(".")[2]).observe(seconds)
        if seconds > PROMPT_SECONDS:
            writer.count(REPLIES_LATE)
            route = loggable(g.arrival.route)
            log.warning("reply_late", path=route, seconds=round(seconds, 3), status=response.status_code)
            response.headers["Server-Timing"] = f"late;dur={seconds * 1000:.0f}"
        return response
