"""/metrics: what Prometheus asks for, of all processes on this machine and of the store."""

import os
from contextlib import nullcontext
from pathlib import Path

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.config import Settings
from app.store.database import Database
from app.telemetry.metrics import FOLDER
from app.telemetry.metrics_folder import settled
from app.telemetry.store_metrics import StoreMetrics


def create_metrics(settings: Settings, database: Database) -> Blueprint:
    """Build the page. Without a folder that processes share, it has what the store knows."""
    metrics = Blueprint("metrics", __name__)
    registry = CollectorRegistry()
    registry.register(StoreMetrics(settings, database))
    folder = os.environ.get(FOLDER)
    if folder:
        MultiProcessCollector(registry, folder)

    @metrics.get("/metrics")
    def show() -> Response:
        with settled(Path(folder)) if folder else nullcontext():
            return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return metrics
