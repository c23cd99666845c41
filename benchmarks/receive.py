"""Measures the receiver beside a vendor-style server and a floor: `python -m benchmarks.receive`."""

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import drain, latency, machine, report, servers
from benchmarks.bodies import ENCODINGS, Maker
from benchmarks.figures import Figures, figures
from benchmarks.load import Answer, post_all

_RESULTS = Path(__file__).with_name("RESULTS.md")
_ROUNDS = 3
_CONNECTIONS = 8
_REQUESTS = 600  # of one encoding, to one server, in one round
_WARMING = 64
_SINGLE_EVENTS = 50
_BACKLOG_EVENTS = 100_000

_RECEIVING = f"""\
Bodies of about 90 KB with two pictures, every one different, over {_CONNECTIONS} connections that each post
again as soon as they have their reply: {_REQUESTS} bodies a round, {_ROUNDS} rounds, the same bodies to each
server in turn. events/s, p50 and p99 are medians of the rounds, max is the highest of all, slow replies and
errors are totals; ratios are to the vendor-style server, round by round. The load generator is Python on the
same cores. Receiver: gunicorn as shipped, SQLite, each reply after its COMMIT is on disk. Vendor-style:
Flask's development server, which writes two files without a sync and closes the connection after each reply,
so that each request connects anew. Floor: gunicorn as shipped; the body is parsed and dropped."""
_THROUGH_PRODUCT = """\
{count} events posted one at a time, 0.1 to 0.3 s after the one before was settled; receiver, forwarder,
broker ({broker}) and a simulated EnOS on the same cores. The outbox is looked at every 2 ms. A broker that
leaves TCP_NODELAY off, as mosquitto does unless told otherwise, adds 40 ms before the outbox row is settled;
here it is on."""
_DRAINING = """\
A backlog of sample events without pictures in SQLite, drained by one forwarder into the strict simulated EnOS
through a broker, all on the same cores. EnOS takes 1,000,000 bytes a second; the forwarder sends at most
990,000 in any 1.1 s, which is 900,000 a second."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A running server, and how to tell a right answer of it."""

    name: str
    port: int
    is_right: Callable[[Answer], bool]


def main() -> None:
    """Measure everything, print the tables and write them to RESULTS.md."""
    maker = Maker()
    with tempfile.TemporaryDirectory(prefix="se3-bench-") as name:
        folder = Path(name)
        description = machine.describe(folder)
        rounds = _measure_receiving(folder, maker)
        latencies = latency.measure(folder, maker, _SINGLE_EVENTS)
        drained = drain.measure(folder, _BACKLOG_EVENTS)
    through = _THROUGH_PRODUCT.format(count=_SINGLE_EVENTS, broker=latencies.broker)
    sections = (
        (_RECEIVING, report.receiving(rounds)),
        (through, report.through_product(latencies)),
        (_DRAINING, report.draining(drained)),
    )
    page = report.whole(description, sections)
    _RESULTS.write_text(page, encoding="utf-8")
    print(page, end="")


def _measure_receiving(folder: Path, maker: Maker) -> report.Rounds:
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    with ExitStack() as stack:
        contenders = _start_all(stack, folder)
        _warm(contenders, maker)
        for number in range(_ROUNDS):
            turn = contenders[number:] + contenders[:number]  # each comes first once
            for encoding in ENCODINGS:
                requests = maker.requests(encoding, _REQUESTS)
                for one in turn:
                    found[encoding, one.name].append(_measure(one, requests))
    return {(e, one.name): found[e, one.name] for e in ENCODINGS for one in contenders}


def _start_all(stack: ExitStack, folder: Path) -> list[Contender]:
    url = f"sqlite:///{folder / 'receive.db'}"
    return [
        Contender("receiver", stack.enter_context(servers.receiver(folder, url)), _is_stored),
        Contender(report.VENDOR_STYLE, stack.enter_context(servers.vendor_style(folder)), _is_ok),
        Contender("floor", stack.enter_context(servers.floor(folder)), _is_ok),
    ]


def _warm(contenders: list[Contender], maker: Maker) -> None:
    for encoding in ENCODINGS:
        requests = maker.requests(encoding, _WARMING)
        for one in contenders:
            _measure(one, requests)


def _measure(contender: Contender, requests: list[bytes]) -> Figures:
    os.sync()  # or one server would wait for what another has left to the disk
    return figures(post_all(contender.port, requests, _CONNECTIONS), contender.is_right)


def _is_ok(answer: Answer) -> bool:
    return answer.status == 200


def _is_stored(answer: Answer) -> bool:
    return answer.status == 200 and json.loads(answer.body)["data"]["duplicate"] is False


if __name__ == "__main__":
    main()
