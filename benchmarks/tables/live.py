"""The receiver with no and with twenty open live pages of the console."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from statistics import median

from app.store.database import Database
from benchmarks import memory, report, servers
from benchmarks.figures import Figures, ratio
from benchmarks.live_pages import LivePage, live_pages
from benchmarks.looking import log_in
from benchmarks.plan import Plan
from benchmarks.server import Server
from benchmarks.stored import require_stored
from benchmarks.wrk import CONNECTIONS

_PAGES = 20
_WARMING_SECONDS = 2.0
_CAPTION = f"""\
wrk posts JSON to the receiver at its limit, SQLite, while no live page of the console is open and while
{_PAGES} are, in turns. A page is a client that is logged in and keeps a stream, or where that is refused asks
every two seconds, as the page's script does; it loads no pictures. Console and clients share the cores."""


class _Rounds:
    """The receiver's figures by the number of open pages; what these got, and took of the console."""

    def __init__(self, plan: Plan, receiver: Server, console: Server, tokens: Sequence[str]) -> None:
        self._plan = plan
        self._receiver = receiver
        self._console = console
        self._tokens = tokens
        self.figures: dict[int, list[Figures]] = {0: [], len(tokens): []}
        self.streams: list[int] = []
        self.cards: list[int] = []
        self.console_shares: list[float] = []

    def measure(self) -> None:
        """Each number of pages once a round, none first: streams that end take a while to free their threads.

        Raises:
            RuntimeError: the receiver did not keep all that it said it took, or not just once.
        """
        answered = [self._post(_WARMING_SECONDS)]
        for _ in range(self._plan.rounds):
            for open_pages in self.figures:
                self._measure_with(open_pages)
        answered += [one for found in self.figures.values() for one in found]
        if self._receiver.stored:
            events = sum(one.events for one in answered)
            require_stored("receiver", events, self._receiver.stored(), CONNECTIONS * len(answered))

    def _measure_with(self, number: int) -> None:
        with live_pages(self._console.port, self._tokens[:number]) as pages:
            began, used = time.monotonic(), self._seconds_used()
            self.figures[number].append(self._post(self._plan.seconds))
            if pages:
                self._look_at(pages)
                self.console_shares.append((self._seconds_used() - used) / (time.monotonic() - began))

    def _seconds_used(self) -> float:
        return sum(usage.seconds for usage in memory.usages(self._console.pid))

    def _look_at(self, pages: Sequence[LivePage]) -> None:
        self.streams.append(sum(page.streams for page in pages))
        self.cards.append(sum(page.cards for page in pages))

    def _post(self, seconds: float) -> Figures:
        os.sync()
        return self._plan.wrk.post(self._receiver.port, "json", seconds)


def measure(plan: Plan) -> str:
    """The table, and what the pages got."""
    url = f"sqlite:///{plan.folder / 'receiver.db'}"
    with ExitStack() as stack:
        receiver = stack.enter_context(servers.receiver(plan.folder, url))
        console = stack.enter_context(servers.console(plan.folder, url))
        with closing(Database(url)) as database:
            tokens = log_in(database, _PAGES)
        rounds = _Rounds(plan, receiver, console, tokens)
        rounds.measure()
    rows = (
        (str(number), *report.figures(found), f"{ratio(found, rounds.figures[0]):.2f}")
        for number, found in rounds.figures.items()
    )
    table = report.table(("pages", *report.FIGURES, "events/s to those with none"), rows)
    got = f"{median(rounds.streams):.0f} of the pages had a stream; all got {sum(rounds.cards):,} cards."
    took = f"The console took {median(rounds.console_shares):.0%} of a processor for {_PAGES} pages."
    return report.section("Live pages", _CAPTION, table, f"{got} {took}")
