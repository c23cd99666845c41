"""The cycles: load, a SIGKILL or a cut, on and on; and then the account."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from app.durability.account import Account, account
from app.durability.cuts import cut
from app.durability.load import Load
from app.durability.site import Site
from app.durability.waiting import wait_until
from app.errors import Se3Error, StoreUnavailable
from app.store.database import Database
from app.store.queries import quick_counts
from app.store.spool.spool import Spool

CUT = "power cut"
_BETWEEN = 50  # events are acknowledged between one kill and the next
_STALL_SECONDS = 20.0  # or so long passes
_COME_BACK_SECONDS = 60.0
_PAUSE_SECONDS = 0.5  # at most, beside: a kill may come anywhere in the work
DRAIN_SECONDS = 300.0


class Trial:
    """Kills what a site consists of, under load, and draws up the account."""

    def __init__(self, site: Site, seed: int, tell: Callable[[str], object]) -> None:
        """`site` runs. `seed` decides what is killed when; `tell` gets a line on each cycle."""
        self._site, self._random, self._tell = site, random.Random(seed), tell  # noqa: S311 - no secret
        self._load = Load(site.url)
        self._kinds = [*site.kinds, *([CUT] if site.sqlite_file else [])]
        self._kills: Counter[str] = Counter()
        self._bad_cuts: list[str] = []

    def run(self, cycles: int, stop: threading.Event) -> Account:
        """Return the account of so many cycles.

        Raises:
            Se3Error: `stop` was set before.
        """
        self._load.start()
        try:
            for number in range(1, cycles + 1):
                self._await_load(stop)
                kind = self._strike(stop)
                self._tell(f"{number:>4}/{cycles}  {kind:<18} {self._load.count:>8,} acknowledged")
            self._await_load(stop)
        finally:
            self._load.end()
        self._tell("No more load; waiting until everything has reached the database and EnOS.")
        if not self._drain(stop):
            self._tell(f"That took longer than {DRAIN_SECONDS:g} s: what is missing may only be late.")
        return self._account()

    def _await_load(self, stop: threading.Event) -> None:
        """Wait until events are acknowledged again."""
        enough = self._load.count + _BETWEEN
        wait_until(lambda: stop.is_set() or self._load.count >= enough, _STALL_SECONDS)
        stop.wait(self._random.uniform(0, _PAUSE_SECONDS))
        _require_going_on(stop)

    def _strike(self, stop: threading.Event) -> str:
        """Kill a process of a kind, once there is one, or cut; returns the kind."""
        kind = self._random.choice(self._kinds)
        if kind == CUT:
            self._cut()
        elif not wait_until(lambda: stop.is_set() or self._site.kill(kind, self._random), _COME_BACK_SECONDS):
            raise Se3Error(f"the {kind} did not come back; see {self._site.folder}")
        self._kills[kind] += 1
        return kind

    def _cut(self) -> None:
        if fault := cut(self._site.sqlite_file or Path(), lambda: self._load.acknowledged, self._site.folder):
            self._bad_cuts.append(fault)

    def _drain(self, stop: threading.Event) -> bool:
        """Wait until nothing is on its way any more; returns whether that came about."""
        spool = Spool(self._site.spool)
        with closing(self._site.database()) as database, closing(spool):
            is_drained = wait_until(lambda: stop.is_set() or _is_drained(database, spool), DRAIN_SECONDS)
        _require_going_on(stop)
        return is_drained

    def _account(self) -> Account:
        with closing(self._site.database()) as database:
            drawn_up = account(database, self._site.notes, self._load.posted, self._load.acknowledged)
        cuts = self._kills.pop(CUT, 0)
        return replace(drawn_up, kills=self._kills, cuts=cuts, bad_cuts=tuple(self._bad_cuts))


def _require_going_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise Se3Error("stopped before the account: nothing was proven")


def _is_drained(database: Database, spool: Spool) -> bool:
    """The spool first: it empties into the database."""
    try:
        if spool.waiting().requests:
            return False
        with database.read() as connection:
            return quick_counts(connection).waiting == 0
    except StoreUnavailable:  # it was killed last, and comes back
        return False
