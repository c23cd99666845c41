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

    def added_to(self, found: "ReportSettings", *, only: bool) -> "ReportSettings":
        """These settings with the addresses that were `found`, if not `only`, and with its others."""
        kept = () if only else tuple(url for url in found.urls if url not in self.urls)
        return replace(self, urls=kept + self.urls, others=found.others)
