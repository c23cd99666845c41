"""The gate of a simulated box: who passes it, and when."""

import itertools
import random
import time

from app.simulators.people import STRANGER, roster
from app.simulators.seen import Sighting


class Gate:
    """One gate and the box behind it; for use by one thread."""

    def __init__(self, people: int = 8, seed: int = 1) -> None:
        """`people`: how many different ones pass by.

        `seed` gives the box its licence code and the gate its address, and decides who passes when: of
        different seeds (up to 62,500) both are different.
        """
        self.dev_sno = f"SIM{seed:05}"
        self.device_ip = f"192.168.{1 + seed // 250 % 250}.{1 + seed % 250}"
        self._people = roster(people)
        self._random = random.Random(seed)  # noqa: S311 - it decides who walks by, not a secret
        self._sequence, self._last_timestamp = itertools.count(1), 0

    def next_sighting(self) -> Sighting:
        """Give the next sighting; its time in ms is now, and later than that of every one before.

        By 2 ms at least: what is nearer may be a copy of the same sighting, its time rounded on its way.
        """
        self._last_timestamp = max(time.time_ns() // 1_000_000, self._last_timestamp + 2)
        person = self._random.choice(self._people)
        least = 0.05 if person.person_type == STRANGER else 0.8
        likeness = self._random.uniform(least, least + 0.19)
        return Sighting(
            person, next(self._sequence), self._last_timestamp, likeness, self.dev_sno, self.device_ip
        )
