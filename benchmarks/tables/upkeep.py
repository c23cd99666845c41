"""How late the receiver's replies are while the retention, a backup or a change of keys runs beside it."""

import base64
import itertools
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report, servers
from benchmarks.bodies import Template
from benchmarks.figures import Figures
from benchmarks.load import post_when_due
from benchmarks.pacing import steady
from benchmarks.plan import Plan
from benchmarks.processes import settings
from benchmarks.repeated import Repeated
from benchmarks.server import Server

_TEMPLATE, _NUMBERS = Template("json"), itertools.count()  # wrk's begin far beyond
_FILLING_SECONDS = 45.0
_SECONDS, _CONNECTIONS, _SHARE = 10.0, 32, 0.5
_KEYS = [base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2)]
_CAPTION = f"""\
JSON, SQLite, a database that wrk has filled for {_FILLING_SECONDS:.0f} s. A round begins with the receiver's
peak, by wrk; requests are then due at even distances, at {_SHARE:.0%} of it, for {_SECONDS:.0f} s beside each
command, which is started again whenever it has come to its end. `se3 retention run` removes the oldest
events, for there is more than `RETENTION_MAX_GB=1`; `se3 pictures rekey` goes to another key each time."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What runs beside the receiver; `arguments` of `se3` are made anew each time."""

    name: str
    arguments: Callable[[], Sequence[str]] | None
    own: Mapping[str, str]


class _Rounds:
    """The figures by the task that ran meanwhile, and how often that came to its end."""

    def __init__(self, plan: Plan, receiver: Server) -> None:
        self._plan = plan
        self._receiver = receiver
        self.figures: dict[str, list[Figures]] = defaultdict(list)
        self.ends: Counter[str] = Counter()
        self.peaks: list[float] = []

    def measure(self) -> None:
        """Each task once a round."""
        for number in range(self._plan.rounds):
            os.sync()
            self.peaks.append(self._plan.wrk.post(self._receiver.port, "json", self._plan.seconds).rate)
            for task in _tasks(self._plan.folder, number):
                self._measure_beside(task, self.peaks[-1] * _SHARE)

    def _measure_beside(self, task: _Task, rate: float) -> None:
        os.sync()
        with self._running(task) as repeated:
            figures = post_when_due(self._receiver.port, _request, steady(rate, _SECONDS), _CONNECTIONS)
        self.figures[task.name].append(figures)
        if repeated:
            self.ends[task.name] += repeated.ends

    def _running(self, task: _Task) -> "Repeated | nullcontext[None]":
        arguments = task.arguments
        if arguments is None:
            return nullcontext()
        environment = settings(DATABASE_URL=f"sqlite:///{self._plan.folder / 'receiver.db'}", **task.own)
        command = [sys.executable, "-m", "app.cli.main"]
        return Repeated(lambda: [*command, *arguments()], environment, self._plan.folder / "task.log")


def _request() -> bytes:
    return _TEMPLATE.request(next(_NUMBERS))


def _tasks(folder: Path, number: int) -> Sequence[_Task]:
    def backup() -> Sequence[str]:
        (file := folder / "backup.db").unlink(missing_ok=True)
        return ["backup", str(file)]

    keys = ",".join(_KEYS if number % 2 else reversed(_KEYS))
    of_retention = {"RETENTION_MAX_GB": "1", "RETENTION_UNDELIVERED": "1"}
    return (
        _Task("nothing", None, {}),
        _Task("se3 retention run", lambda: ["retention", "run"], of_retention),
        _Task("se3 backup", backup, {}),
        _Task("se3 pictures rekey", lambda: ["pictures", "rekey"], {"PICTURE_KEYS": keys}),
    )


def measure(plan: Plan) -> str:
    """The table."""
    with servers.receiver(plan.folder) as receiver:
        plan.wrk.post(receiver.port, "json", _FILLING_SECONDS)
        rounds = _Rounds(plan, receiver)
        rounds.measure()
    rows = (
        (name, *report.figures(figures), str(rounds.ends[name] or ""))
        for name, figures in rounds.figures.items()
    )
    table = report.table(("meanwhile", *report.FIGURES, "came to its end"), rows)
    size = (plan.folder / "receiver.db").stat().st_size / 1e9
    peaks = f"The peaks: {', '.join(f'{peak:,.0f}' for peak in rounds.peaks)} events/s."
    return report.section("Upkeep", _CAPTION, table, f"{peaks} The file had {size:.1f} GB in the end.")
