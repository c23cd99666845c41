"""The tables of `make bench`, by the names under which each can be asked for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from benchmarks.plan import Plan
from benchmarks.tables import (
    forms,
    forwarder,
    growth,
    json_bodies,
    latency,
    live,
    pages,
    postgresql,
    stages,
    upkeep,
)

TABLES: Mapping[str, Callable[[Plan], str]] = MappingProxyType(
    {
        "json": json_bodies.measure,
        "forms": forms.measure,
        "postgresql": postgresql.measure,
        "latency": latency.measure,
        "forwarder": forwarder.measure,
        "stages": stages.measure,
        "upkeep": upkeep.measure,
        "live": live.measure,
        "growth": growth.measure,
        "pages": pages.measure,
    }
)
