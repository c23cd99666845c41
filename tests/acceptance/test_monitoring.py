"""Dashboard and alerts name what the running product's /metrics has, and each alert is explained."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from app.config import ROOT
from app.console.access.passwords import hash_of
from app.domain.users import Role
from app.simulators.encodings import encode
from app.simulators.enos.hub import Hub
from app.store import users
from app.store.database import Database
from tests.acceptance.conftest import Product
from tests.support.metrics import Samples, read_metrics, total
from tests.support.mosquitto import Mosquitto
from tests.support.payloads import payload
from tests.support.ports import free_port

DASHBOARD = ROOT / "deploy/grafana/se3.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
PASSWORD = "a long password"
OF_PROMETHEUS = {"instance", "job"}
PROCESSES = {"receiver": 2, "writer": 1, "forwarder": 1, "console": 1}


@pytest.fixture
def samples(tmp_path: Path, sqlite_url: str, mosquitto: Mosquitto) -> Iterator[Samples]:
    """What the product tells after a status report and an event, which has reached EnOS."""
    console = f"127.0.0.1:{free_port()}"
    settings = {
        "DATABASE_URL": sqlite_url,
        "CONSOLE_BIND": console,
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": "s",
    }
    add_viewer(sqlite_url)
    with closing(Product(tmp_path, settings)) as product, Hub(mosquitto.url):
        for path, name in (("/DeviceStatus", "status-v2r4"), ("/HistoryEvent", "history-contract")):
            assert product.post(path, encode(payload(name), "json"))[0] == 200
        product.wait_for_deliveries(1, timeout=30)
        yield product.program.wait_until(lambda: complete(scraped(console)), timeout=60)


def complete(samples: Samples | None) -> Samples | None:
    """None while a process has not yet told that it runs, or is well: an event may be in EnOS before that."""
    if samples is None or any(total(samples, "se3_processes", process=p) < n for p, n in PROCESSES.items()):
        return None
    return samples if total(samples, "se3_forwarders", channel="enos", state="healthy") else None


def add_viewer(url: str) -> None:
    with closing(Database(url)) as database, database.write() as connection:
        users.add(connection, "prometheus", Role.VIEWER, hash_of(PASSWORD))
        user: Any = users.named(connection, "prometheus")
        users.set_password(connection, user, hash_of(PASSWORD), is_one_time=False)


def scraped(console: str) -> Samples | None:
    """None while the console is not up."""
    http, url = urllib3.PoolManager(retries=False), f"http://{console}"
    try:
        fields = {"name": "prometheus", "password": PASSWORD}
        reply = http.request("POST", f"{url}/login", fields=fields, redirect=False)
    except urllib3.exceptions.HTTPError:
        return None
    cookie = reply.headers["Set-Cookie"].partition(";")[0]
    return read_metrics(http.request("GET", f"{url}/metrics", headers={"Cookie": cookie}).data.decode())


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
    return found


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return shown + [rule["expr"] for rule in rules()]


def asked_for() -> set[tuple[str, str]]:
    """Each metric that an expression names, with each label that it asks for; "" for none."""
    found = set()
    for expression in expressions():
        for name, matchers in re.findall(r"\b(se3_\w+)(?:\{([^}]*)\})?", expression):
            labels = set(re.findall(r"(\w+)(?==|!=)", matchers.replace("=~", "="))) | {""}
            found |= {(name, label) for label in labels - OF_PROMETHEUS}
        [name, *_] = re.findall(r"\b(?:se3_\w+|up)\b", expression)
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            found |= {(name, label) for label in set(re.split(", *", group)) - OF_PROMETHEUS}
    return found


def test_what_dashboard_and_alerts_ask_for_is_there(samples: Samples) -> None:
    there = {(name, "") for name, _ in samples}
    there |= {(name, label) for name, labels in samples for label, _ in labels}
    names = asked_for() - {("up", "")}
    assert len({name for name, _ in names}) > 20
    assert names - there == set()


def test_the_product_tells_of_all_its_processes(samples: Samples) -> None:
    for process, number in PROCESSES.items():
        assert total(samples, "se3_processes", process=process) == number
    assert total(samples, "se3_enos_reply_seconds_count", code="200") == 1
    assert total(samples, "se3_enos_publish_seconds_count") == 1
    assert total(samples, "se3_deliveries", state="delivered") == 1
    assert total(samples, "se3_forwarders", channel="enos", state="healthy") == 1


def test_each_alert_says_what_to_do_at_night() -> None:
    page = (ROOT / "docs/how-to/monitor.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(SE3\w+)` \|", page, re.MULTILINE)
    assert sorted(told) == sorted(rule["alert"] for rule in rules())
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
