"""What every table is measured with."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.wrk import Wrk


@dataclass(frozen=True, slots=True)
class Plan:
    """`folder`: a table's own, empty. `rounds` of so many `seconds` each for every server."""

    folder: Path
    wrk: Wrk
    rounds: int
    seconds: float
