"""Setting up a box by its own API, against a simulated one."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.boxes import settings as boxes
from app.boxes.reports import HISTORY, REALTIME, REPORTS, STATUS, ReportSettings
from app.boxes.settings import BoxSettings
from app.cli.main import se3
from app.errors import BoxError, Se3Error
from app.simulators import box_api
from app.simulators.box_api import HISTORY_PATH, REALTIME_PATH, STATUS_PATH, BoxApi
from app.simulators.box_socket import BoxSocket
from tests.support.ports import free_port

RECEIVER = "http://192.0.2.10:9528"
OTHER = "http://192.0.2.99/other"


@pytest.fixture
def box() -> Iterator[BoxApi]:
    with BoxApi() as box:
        yield box


@pytest.fixture
def api(box: BoxApi) -> Iterator[BoxSettings]:
    with closing(BoxSettings(box.address)) as api:
        yield api


def run(command: str, box: BoxApi, *options: str) -> Result:
    return CliRunner().invoke(se3, ["box", command, "--host", box.address, *options])


def configure(box: BoxApi, *options: str, receiver: str = RECEIVER) -> Result:
    return run("configure", box, "--receiver", receiver, *options)


def test_a_new_box_is_set_up_whole(box: BoxApi) -> None:
    done = configure(box)
    assert done.exit_code == 0
    for path in ("/RealTimeEvent", "/HistoryEvent", "/DeviceStatus"):
        assert f"go to {RECEIVER}{path}" in done.output
    assert box.settings == {
        REALTIME_PATH: {
            "event_server_url": [f"{RECEIVER}/RealTimeEvent"],
            "real_need_reg_pic": True,
            "content-type": "json",
        },
        HISTORY_PATH: {
            "history_upload_event_url": [f"{RECEIVER}/HistoryEvent"],
            "history_need_reg_pic": True,
            "content-type": "json",
            "reported_peroid": 10,
        },
        STATUS_PATH: {
            "monitor_server_url": f"{RECEIVER}/DeviceStatus",
            "content-type": "json",
            "reported_peroid": 10,
        },
    }


def test_every_option_reaches_the_box(box: BoxApi) -> None:
    assert (
        configure(box, "--content-type", "form-data", "--period", "3", "--without-library-photos").exit_code
        == 0
    )
    assert [box.settings[path]["content-type"] for path in (REALTIME_PATH, HISTORY_PATH, STATUS_PATH)] == [
        "form-data",
        "form-data",
        "json",
    ]
    assert box.settings[HISTORY_PATH]["reported_peroid"] == box.settings[STATUS_PATH]["reported_peroid"] == 3
    assert box.settings[REALTIME_PATH]["real_need_reg_pic"] is False
    assert box.settings[HISTORY_PATH]["history_need_reg_pic"] is False


def test_what_the_box_has_already_stays(box: BoxApi) -> None:
    box.settings[REALTIME_PATH] |= {"event_server_url": [OTHER], "real_need_spot_pic": False}
    box.settings[STATUS_PATH]["monitor_server_url"] = OTHER
    for _ in range(2):  # again changes nothing
        done = configure(box)
        assert isinstance(done.exception, BoxError)  # a script should know that one address was not set
        assert f"still to {OTHER}" in done.output
        assert f"kept  status reports go to {OTHER}" in done.output
        assert box.settings[REALTIME_PATH]["event_server_url"] == [OTHER, f"{RECEIVER}/RealTimeEvent"]
        assert box.settings[REALTIME_PATH]["real_need_spot_pic"] is False
        assert box.settings[STATUS_PATH]["monitor_server_url"] == OTHER


def test_what_no_option_names_stays(box: BoxApi) -> None:
    configure(box, "--content-type", "form-data", "--period", "5", "--without-library-photos")
    box.settings[STATUS_PATH]["reported_peroid"] = 20
    assert configure(box, "--only").exit_code == 0
    assert box.settings[HISTORY_PATH]["content-type"] == "form-data"
    assert box.settings[HISTORY_PATH]["reported_peroid"] == 5
    assert box.settings[STATUS_PATH]["reported_peroid"] == 20
    assert box.settings[REALTIME_PATH]["real_need_reg_pic"] is False
    configure(box, "--library-photos")
    assert box.settings[REALTIME_PATH]["real_need_reg_pic"] is True


def test_only_removes_the_others(box: BoxApi) -> None:
    box.settings[HISTORY_PATH]["history_upload_event_url"] = [OTHER]
    box.settings[STATUS_PATH]["monitor_server_url"] = OTHER
    done = configure(box, "--only")
    assert done.exit_code == 0
    assert done.output.count(f"no more to {OTHER}") == 2
    assert box.settings[HISTORY_PATH]["history_upload_event_url"] == [f"{RECEIVER}/HistoryEvent"]
    assert box.settings[STATUS_PATH]["monitor_server_url"] == f"{RECEIVER}/DeviceStatus"


@pytest.mark.parametrize(
    ("receiver", "address"),
    [
        ("https://gate.example/", "https://gate.example/HistoryEvent"),
        ("http://gate/se3?key=abc", "http://gate/se3/HistoryEvent?key=abc"),
    ],
)
def test_the_receiver_may_stand_behind_a_path_and_a_key(box: BoxApi, receiver: str, address: str) -> None:
    assert configure(box, receiver=receiver).exit_code == 0
    assert box.settings[HISTORY_PATH]["history_upload_event_url"] == [address]


@pytest.mark.parametrize("receiver", ["192.0.2.10:9528", "ws://gate", "http://", "http://gate:port"])
def test_a_wrong_receiver_is_said_before_anything_changes(box: BoxApi, receiver: str) -> None:
    done = configure(box, receiver=receiver)
    assert isinstance(done.exception, Se3Error)
    assert "must look like http://" in str(done.exception)
    assert box.settings[REALTIME_PATH]["event_server_url"] == []


def test_a_box_that_does_not_keep_what_it_took_is_told_from_one_that_does(
    box: BoxApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(handler: Any) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler._answer(200, {"data": {}})

    monkeypatch.setattr(box_api._Handler, "do_POST", forget)
    done = configure(box)
    assert isinstance(done.exception, BoxError)
    assert "did not take the settings for real-time events" in str(done.exception)
    assert f"instead of urls ['{RECEIVER}/RealTimeEvent']" in str(done.exception)


def test_a_refusal_is_told_in_the_boxs_words(api: BoxSettings) -> None:
    wrong = ReportSettings(urls=(RECEIVER,), content_type="json", period=21, library_photos=True)
    with pytest.raises(BoxError, match=r"history events: reported_peroid .* 1 to 20 \(code 400\)"):
        api.write(HISTORY, wrong)
    assert api.read(HISTORY).urls == ()


def test_silence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "_TIMEOUT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with (
            closing(BoxSettings(address)) as api,
            pytest.raises(BoxError, match=f"no box answers at {address}: nothing came within 0.2 s"),
        ):
            api.read(REALTIME)


def test_nobody_there_is_told() -> None:
    with closing(BoxSettings(f"127.0.0.1:{free_port()}")) as api, pytest.raises(BoxError, match="refused"):
        api.read(REALTIME)


def test_something_else_that_answers_is_told() -> None:
    with (
        BoxSocket() as other,
        closing(BoxSettings(other.url.removeprefix("ws://"))) as api,
        pytest.raises(BoxError, match="is no box's API"),
    ):
        api.read(STATUS)


@pytest.mark.parametrize("answer", [{"ok": True}, {"data": [1]}, {"data": None}])
def test_an_answer_without_settings_is_told(
    api: BoxSettings, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(box_api._Handler, "do_GET", lambda handler: handler._answer(200, answer))
    with pytest.raises(BoxError, match="is no box's API"):
        api.read(REALTIME)


@pytest.mark.parametrize("host", ["", "http://box", "box:port", "user@box", "box/path", "[::1"])
def test_a_wrong_host_is_said(host: str) -> None:
    with pytest.raises(BoxError, match="must look like"):
        BoxSettings(host)


def test_a_box_is_shown_for_people_and_for_scripts(box: BoxApi) -> None:
    configure(box, "--without-library-photos", "--period", "7")
    box.settings[REALTIME_PATH]["event_server_url"] = []
    shown = run("show", box).output
    assert "real-time events\n  address         none\n" in shown
    assert f"history events\n  address         {RECEIVER}/HistoryEvent\n" in shown
    assert "  period          7 s\n  library photos  no\n" in shown
    assert json.loads(run("show", box, "--json").output) == {
        "realtime": {"urls": [], "content_type": "json", "period": None, "library_photos": False},
        "history": {
            "urls": [f"{RECEIVER}/HistoryEvent"],
            "content_type": "json",
            "period": 7,
            "library_photos": False,
        },
        "status": {
            "urls": [f"{RECEIVER}/DeviceStatus"],
            "content_type": "json",
            "period": 7,
            "library_photos": None,
        },
    }


def test_what_a_box_leaves_out_is_as_its_documentation_says(box: BoxApi, api: BoxSettings) -> None:
    box.settings[REALTIME_PATH] = {"event_server_url": None, "content-type": "json"}
    assert api.read(REALTIME) == ReportSettings((), "json", None, True)
    assert [api.read(report).urls for report in REPORTS] == [(), (), ()]
