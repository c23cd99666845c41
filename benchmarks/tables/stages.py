"""Where the time of one event goes, stage by stage."""

import os
import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, redirect_stderr
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from werkzeug.test import EnvironBuilder

from app.config import Settings, load_settings
from app.domain.events import Arrival, Kind, NewEvent, Recorded
from app.factory import create_receiver
from app.receiver.body.decoding import Decoded, decode
from app.receiver.event.reading import read_events
from app.store import events
from app.store.database import Database
from app.store.migration import migrate
from app.telemetry.logs import configure_logging
from benchmarks import report
from benchmarks.bodies import PATH, Template
from benchmarks.peers.floor import app as floor
from benchmarks.plan import Plan

_ENCODINGS = ("json", "multipart", "urlencoded")
_EVENTS = 160  # a round
_BATCH = 16  # events of a transaction
_CAPTION = f"""\
Processor time of one event in microseconds, with nothing else going on; {_BATCH} events a transaction on
SQLite. The first five rows are parts of the way. The next is all up to the point where the event is stored,
with Flask and the log, and the last is the same of the floor, which only parses the body. gunicorn, the
kernel's sockets and the client come on top of both."""

Body = tuple[bytes, str]
"""A body and its Content-Type."""


def measure(plan: Plan) -> str:
    """The table."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        configure_logging()
        found = {encoding: _stages(plan, encoding) for encoding in _ENCODINGS}
    rows = [(stage, *(f"{found[encoding][stage]:.0f}" for encoding in _ENCODINGS)) for stage in found["json"]]
    return report.section("Stages", _CAPTION, report.table(("stage", *_ENCODINGS), rows))


def _stages(plan: Plan, encoding: str) -> dict[str, float]:
    """Microseconds for each stage: the median of the rounds."""
    template = Template(encoding)
    settings = replace(load_settings(), database_url=f"sqlite:///{plan.folder / encoding}.db")
    with closing(Database(settings.database_url)) as database:
        migrate(database)
        rounds = [
            _round([_body(template, number * _EVENTS + i) for i in range(_EVENTS)], settings, database)
            for number in range(plan.rounds + 1)
        ][1:]  # the first fills caches
    return {stage: median(one[stage] for one in rounds) for stage in rounds[0]}


def _round(bodies: Sequence[Body], settings: Settings, database: Database) -> dict[str, float]:
    arrival = Arrival(PATH, "127.0.0.1", datetime.now(UTC))
    taken: dict[str, float] = {}

    def timed(stage: str, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        began = time.process_time()
        done = [work(item) for item in items]
        taken[stage] = (time.process_time() - began) / len(bodies) * 1e6
        return done

    decoded: list[Decoded] = timed("decode the body", lambda body: decode(body[0], body[1], 2**25), bodies)
    new: list[NewEvent] = timed(
        "take pictures out, check, fingerprint",
        lambda one: read_events(Kind.HISTORY, one, arrival, settings)[0],
        decoded,
    )
    sent = timed("pickle for the writer process", lambda one: pickle.dumps([one], 5), new)
    timed("unpickle there", pickle.loads, sent)
    batches = [new[start : start + _BATCH] for start in range(0, len(new), _BATCH)]
    timed("store", lambda batch: _store(database, batch), batches)
    receiver = create_receiver(settings)
    with closing(receiver.extensions["writer"]):
        receiver.extensions["writer"].submit = lambda items: [Recorded(one.event.id, False) for one in items]
        environs = [_environ(body) for body in bodies]
        timed("whole request but for storing", lambda environ: _request(receiver, environ), environs)
    environs = [_environ(body) for body in bodies]
    timed("whole request of the floor", lambda environ: _request(floor, environ), environs)
    return taken


def _body(template: Template, number: int) -> Body:
    head, _, body = template.request(number).partition(b"\r\n\r\n")
    (content_type,) = (line[14:] for line in head.decode().splitlines() if line.startswith("Content-Type: "))
    return body, content_type


def _store(database: Database, batch: Sequence[NewEvent]) -> None:
    with database.write() as connection:
        events.record(connection, batch)


def _environ(body: Body) -> dict[str, Any]:
    return EnvironBuilder(path=PATH, method="POST", data=body[0], content_type=body[1]).get_environ()


def _request(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> None:
    """Call it as gunicorn does, with the body in memory."""
    statuses: list[str] = []
    b"".join(app(environ, lambda status, *_: statuses.append(status)))
    if statuses != ["200 OK"]:
        raise RuntimeError(f"the request was answered with {statuses}")
