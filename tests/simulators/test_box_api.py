from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from app.errors import Se3Error
from app.simulators.box_api import HISTORY_PATH, REALTIME_PATH, STATUS_PATH, BoxApi

URL = "http://192.0.2.1:9528"
HISTORY: dict[str, Any] = {
    "history_upload_event_url": [URL],
    "content-type": "form-data",
    "reported_peroid": 20,
}
REALTIME: dict[str, Any] = {"event_server_url": [URL, URL + "/x"], "content-type": "json"}
STATUS: dict[str, Any] = {"monitor_server_url": URL, "content-type": "json", "reported_peroid": 1}


@pytest.fixture
def api() -> Iterator[BoxApi]:
    with BoxApi() as api:
        yield api


def ask(api: BoxApi, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response = urllib3.request(method, f"http://{api.address}{path}", json=body, retries=False, timeout=15)
    return response.status, response.json()


@pytest.mark.parametrize(
    ("path", "told", "by_default"),
    [
        (HISTORY_PATH, HISTORY, {"history_need_reg_pic": True}),
        (REALTIME_PATH, REALTIME, {"real_need_reg_pic": True}),
        (REALTIME_PATH, REALTIME | {"real_need_reg_pic": False, "real_need_spot_pic": False}, {}),
        (STATUS_PATH, STATUS, {}),
    ],
)
def test_what_it_was_told_can_be_read(
    api: BoxApi, path: str, told: dict[str, Any], by_default: dict[str, Any]
) -> None:
    assert ask(api, "POST", path, told)[0] == 200
    assert ask(api, "GET", path) == (200, {"data": told | by_default})
    assert api.settings[path] == told | by_default


@pytest.mark.parametrize(
    ("path", "told", "message"),
    [
        (REALTIME_PATH, {}, "event_server_url"),
        (REALTIME_PATH, [], "event_server_url"),
        (REALTIME_PATH, REALTIME | {"event_server_url": URL}, "event_server_url"),
        (REALTIME_PATH, REALTIME | {"event_server_url": [1]}, "strings"),
        (REALTIME_PATH, REALTIME | {"real_need_reg_pic": "no"}, "real_need_reg_pic"),
        (HISTORY_PATH, HISTORY | {"content-type": "xml"}, "content-type"),
        (HISTORY_PATH, HISTORY | {"reported_peroid": 0}, "from 1 to 20"),
        (HISTORY_PATH, HISTORY | {"reported_peroid": 21}, "from 1 to 20"),
        (HISTORY_PATH, HISTORY | {"reported_peroid": "5"}, "reported_peroid"),
        (STATUS_PATH, STATUS | {"monitor_server_url": [URL]}, "monitor_server_url"),
        (STATUS_PATH, STATUS | {"content-type": "form-data"}, "content-type"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    api: BoxApi, path: str, told: Any, message: str
) -> None:
    before = ask(api, "GET", path)
    status, answer = ask(api, "POST", path, told)
    assert status == 400
    assert (answer["error"]["code"], answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert message in answer["error"]["message"]
    assert ask(api, "GET", path) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_are_no_other_paths(api: BoxApi, method: str) -> None:
    status, answer = ask(api, method, "/", {})
    assert (status, answer["error"]["code"]) == (404, 404)


def test_a_taken_port_is_said(api: BoxApi) -> None:
    with pytest.raises(Se3Error, match="can't listen on 127"):
        BoxApi(port=int(api.address.rpartition(":")[2]))
