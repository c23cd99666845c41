"""A whole site at its worst: boxes of every firmware line that post all at once over a bad network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.errors import Se3Error
from app.simulators.posting import endpoint
from app.simulators.seen import Sighting
from app.simulators.sightings import FORMS
from app.simulators.site_box import SiteBox

_POSTS_A_SIGHTING = 3  # real-time, history, and history once more


@dataclass(frozen=True, slots=True)
class SiteResult:
    """What happened at a site: every sighting, and how its posts went.

    `posts` counts every request, `lost` those whose reply no box read, `duplicates` those of which the
    receiver said that it had the event already. `refused` has a reason for each post that was refused for
    good: one of history answered with a status other than 200 and 503, any other that got no 200.
    """

    sightings: tuple[Sighting, ...]
    posts: int
    lost: int
    duplicates: int
    refused: tuple[str, ...]


class Site:
    """A box of each firmware line, in a thread each.

    Each posts both copies of every sighting, and status reports. Every post of an event has another encoding,
    by chance one of LOSSLESS. Real-time is sent once, in full; history until it is answered, and at the end
    the whole of it again. Sooner or later the receiver has every copy at least once.
    """

    def __init__(
        self,
        url: str,
        *,
        sightings: int = 40,
        lost_replies: float = 0.3,
        seed: int = 1,
    ) -> None:
        """`url`: the receiver, without a path.

        `sightings`: how many each box has. `lost_replies`: the fraction of posts whose reply is not read,
        below 1. Sites of different `seed` have different boxes.

        Raises:
            Se3Error: the URL is not an http or https URL, or has a path.
        """
        if urlsplit(endpoint(url, "/")).path != "/":
            raise Se3Error(f"{url!r} has a path, but a site posts to several; leave it out")
        seeds = range(seed * len(FORMS), (seed + 1) * len(FORMS))
        self._boxes = [
            SiteBox(url, form, lost_replies, number) for form, number in zip(FORMS, seeds, strict=True)
        ]
        self._sightings = sightings

    @property
    def total(self) -> int:
        """How many posts of events there will be that need not be repeated."""
        return _POSTS_A_SIGHTING * self._sightings * len(self._boxes)

    def run(self, on_settled: Callable[[], None] = lambda: None) -> SiteResult:
        """Let it all happen; `on_settled` is called for each of `total` posts, from the boxes' threads.

        Raises:
            Se3Error: the receiver can't be reached, or takes no history for half a minute.
        """
        with ThreadPoolExecutor(len(self._boxes)) as threads:
            try:
                running = [threads.submit(box.run, self._sightings, on_settled) for box in self._boxes]
                for ended in as_completed(running):
                    ended.result()
            finally:
                for box in self._boxes:
                    box.stop()
        return self._result()

    def _result(self) -> SiteResult:
        results = [result for box in self._boxes for result in box.results]
        return SiteResult(
            sightings=tuple(sighting for box in self._boxes for sighting in box.sightings),
            posts=len(results),
            lost=sum(result.lost for result in results),
            duplicates=sum(result.duplicate for result in results),
            refused=tuple(reason for box in self._boxes for reason in box.refused),
        )
