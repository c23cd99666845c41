"""What processes count and time for Prometheus; what the store counts itself is in `store_metrics`.

With PROMETHEUS_MULTIPROC_DIR set, prometheus-client keeps the figures in files of that folder, for whoever
adds up those of all processes; without it each process has its own, which nobody sees. It looks at that
variable when it is imported first.
"""

import os
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

if os.environ.get(FOLDER):
    Path(os.environ[FOLDER]).mkdir(parents=True, exist_ok=True)

PROCESSES = Gauge(
    "se3_processes",
    "Processes that run on this machine, by what they do.",
    ("process",),
    multiprocess_mode="livesum",
)
EVENTS_RECEIVED = Counter(
    "se3_events_received",
    "Events and status reports that came, by route, by what became of them, and by box if it is known.",
    ("route", "outcome", "box"),
)
REPLY_SECONDS = Histogram(
    "se3_reply_seconds",
    "From the first bytes of a request to its reply, by route.",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
REQUESTS_WAITING = Gauge(
    "se3_requests_waiting", "Requests that wait for a thread of their process.", multiprocess_mode="livesum"
)
COMMIT_SECONDS = Histogram(
    "se3_commit_seconds",
    "What the writer process needs for a transaction, with its wait for the disk.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
ENOS_PUBLISH_SECONDS = Histogram(
    "se3_enos_publish_seconds",
    "From posting a message to the broker's word that it has it. With ENOS_QOS=0 there is none.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
ENOS_REPLY_SECONDS = Histogram(
    "se3_enos_reply_seconds",
    "From posting a message to EnOS's reply, by its code: none after 10 s without one.",
    ("code",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def runs(process: str) -> None:
    """Count this process among those that run, until it has ended."""
    PROCESSES.labels(process).set(1)
