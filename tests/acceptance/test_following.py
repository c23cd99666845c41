"""One event followed through the logs of all processes, by its id and that of its message."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.simulators.encodings import encode
from app.simulators.enos.hub import Hub
from tests.acceptance.conftest import Product
from tests.support.mosquitto import Mosquitto
from tests.support.payloads import payload


@pytest.fixture
def product(tmp_path: Path, sqlite_url: str, mosquitto: Mosquitto) -> Iterator[Product]:
    """The product with its log as JSON."""
    settings = {
        "DATABASE_URL": sqlite_url,
        "LOG_FORMAT": "json",
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": "s",
    }
    product = Product(tmp_path, settings)
    yield product
    product.close()


def parsed(output: str) -> list[dict[str, Any]]:
    """Every line but the words for people, which go to standard output."""
    words = ("Type these", "  http://", "Look at events", "Log in there")
    return [json.loads(line) for line in output.splitlines() if not line.startswith(words)]


def test_its_id_leads_from_the_box_to_what_enos_answered(product: Product, mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url):
        body, headers = encode(payload("history-contract"), "json")
        status, reply = product.post("/HistoryEvent", (body, headers | {"X-Request-ID": "gate-7"}))
        product.wait_for_deliveries(1, timeout=30)
    assert status == 200
    event_id = reply["data"]["id"]
    lines = parsed(product.program.output())
    way = [line for line in lines if event_id in (line.get("id"), *line.get("ids", ()))]
    [stored] = [line for line in way if line["event"] == "event_stored"]  # it may be told after the next
    [posted] = [line for line in way if line is not stored]
    _, delivered = (line for line in lines if line.get("message") == posted["message"])
    assert stored["request"] == "gate-7"
    assert (posted["event"], delivered["event"]) == ("message_posted", "message_delivered")
    assert {"Starting gunicorn", "channel_open"} <= {line["event"].partition(" 2")[0] for line in lines}
