"""The page of live events, and what its script asks for."""

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import lru_cache
from threading import BoundedSemaphore, Event

from flask import Blueprint, Response, abort, g, render_template, request, stream_with_context
from flask_babel import get_locale

from app.console.access.guard import may_go_on
from app.console.live.feed import SHOWN, Feed, Window
from app.console.live.streams import MOST_STREAMS, messages
from app.console.live.trail import Trail
from app.domain.users import Role
from app.store.database import Database


def create_live(database: Database, ending: Event) -> Blueprint:
    """Build the pages. Streams end when `ending` is set."""
    live = Blueprint("live", __name__)
    feed, trail, room = Feed(database), Trail(database), BoundedSemaphore(MOST_STREAMS)

    def show_since(window: Window, after: int) -> str:
        trail.watched(window.since(after))
        return _list(window, after, str(get_locale()), g.user.role)

    @live.get("/live")
    def show() -> str:
        window = feed.window()
        trail.opened(window.cards)
        return render_template("live/live.html", window=window, most=SHOWN, now=datetime.now(UTC))

    @live.get("/live/cards")
    def cards() -> str:
        return show_since(feed.window(), _after())

    @live.get("/live/stream")
    def stream() -> Response:
        if not room.acquire(blocking=False):
            abort(503)
        with ExitStack() as stack:
            stack.callback(room.release)
            sent = messages(feed, _after(), show_since, lambda: may_go_on(database), ending)
            response = Response(stream_with_context(sent), mimetype="text/event-stream")
            response.headers["X-Accel-Buffering"] = "no"  # nginx would wait for more
            response.call_on_close(stack.pop_all().close)
        return response

    return live


def _after() -> int:
    """The look that the page knows already; 0 where it knows none."""
    sent = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(sent) if sent.isdecimal() and len(sent) < 20 else 0


@lru_cache(maxsize=64)
def _list(window: Window, after: int, _language: str, _role: Role) -> str:
    """On one line, the cards that have changed since; for all who get the same, since it takes a while."""
    return " ".join(render_template("live/live_cards.html", window=window, after=after).splitlines())
