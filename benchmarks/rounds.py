"""Measures servers in turn, round by round, and makes sure that they kept what they were sent."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks.figures import Figures
from benchmarks.server import Server
from benchmarks.stored import require_stored
from benchmarks.wrk import CONNECTIONS, Wrk

Lane = tuple[Server, str]
"""A server, and the encoding in which it gets its events."""

Rounds = Mapping[tuple[str, str], Sequence[Figures]]
"""By the server's name and the encoding: the figures of each round, in order."""

_WARMING_SECONDS = 2.0


def measure(wrk: Wrk, lanes: Sequence[Lane], rounds: int, seconds: float) -> Rounds:
    """Warm every lane up, then measure each once a round.

    Raises:
        RuntimeError: a server did not keep all that it said it took, or not just once.
    """
    found: dict[tuple[str, str], list[Figures]] = {(server.name, encoding): [] for server, encoding in lanes}
    answered: dict[Server, list[int]] = defaultdict(list)
    for lane in lanes:
        answered[lane[0]].append(_post(wrk, lane, _WARMING_SECONDS).events)
    for number in range(rounds):
        for server, encoding in turn(lanes, number):
            figures = _post(wrk, (server, encoding), seconds)
            found[server.name, encoding].append(figures)
            answered[server].append(figures.events)
    for server, events in answered.items():
        if server.stored:
            require_stored(server.name, sum(events), server.stored(), CONNECTIONS * len(events))
    return found


def turn(lanes: Sequence[Lane], number: int) -> Sequence[Lane]:
    """The order of a round: each begins with another lane."""
    first = number % len(lanes)
    return [*lanes[first:], *lanes[:first]]


def _post(wrk: Wrk, lane: Lane, seconds: float) -> Figures:
    os.sync()  # or one server would wait for what another has left to the disk
    server, encoding = lane
    return wrk.post(server.port, encoding, seconds)
