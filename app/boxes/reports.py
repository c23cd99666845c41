"""The kinds of report a box sends, and how each is sent, in the words of its own API (firmware V2R1 on)."""

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """One kind of report, and what the API calls its settings.

    `key` stands for it in JSON, `name` in sentences. `receiver_path`: where our receiver takes it. `period`
    and `library_photos` are None where it has no such setting. `single`: it goes to one address only, and as
    JSON.
    """

    key: str
    name: str
    receiver_path: str
    api_path: str
    urls: str
    period: str | None = None
    library_photos: str | None = None
    single: bool = False


REALTIME = Report(
    key="realtime",
    name="real-time events",
    receiver_path="/RealTimeEvent",
    api_path="/SophonFogSys/api/EventServerUrl",
    urls="event_server_url",
    library_photos="real_need_reg_pic",
)
HISTORY = Report(
    key="history",
    name="history events",
    receiver_path="/HistoryEvent",
    api_path="/SophonFogSys/api/HistoryEventUrl",
    urls="history_upload_event_url",
    period="reported_peroid",  # the API's own spelling
    library_photos="history_need_reg_pic",
)
STATUS = Report(
    key="status",
    name="status reports",
    receiver_path="/DeviceStatus",
    api_path="/SophonFogSys/api/MonitorServerUrl",
    urls="monitor_server_url",
    period="reported_peroid",
    single=True,
)
REPORTS = (REALTIME, HISTORY, STATUS)


_FIRST_PERIOD = 10  # seconds, for a box that has none yet


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """How one kind of report is sent. `period`, in seconds, and `library_photos` are None where it has none.

    `others` is what else the box answered, such as later firmware's settings. It is sent back as it came,
    for a box may take what is missing as its default.
    """

    urls: tuple[str, ...]
    content_type: str
    period: int | None
    library_photos: bool | None
    others: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be set for every kind of report; None leaves what the box has.

    `only` removes the addresses that the box has.
    """

    content_type: str | None = None
    period: int | None = None
    library_photos: bool | None = None
    only: bool = False

    def applied_to(self, found: ReportSettings, report: Report, url: str) -> ReportSettings:
        """The settings that a box should have, with `url` as the last of the addresses."""
        kept = () if self.only else tuple(other for other in found.urls if other != url)
        photos = found.library_photos if self.library_photos is None else self.library_photos
        return replace(
            found,
            urls=(*kept, url),
            content_type="json" if report.single else self.content_type or found.content_type or "json",
            period=(self.period or found.period or _FIRST_PERIOD) if report.period else None,
            library_photos=photos if report.library_photos else None,
        )
