"""What follows from status reports, and from silence."""

import pytest

from app.domain.device_changes import DeviceChange, box_changes, camera_changes
from app.domain.devices import BoxStatus, CameraDetails, first_status
from app.domain.texts import LONGEST_SHOWN, shown
from tests.support.new_reports import at, new_report
from tests.support.payloads import payload

BOX = "ZKZ0001"
CAMERAS = {camera["ep_id"]: CameraDetails() for camera in payload("status-v2r4")["sub_devices"]}


def box_after(*seconds: float) -> BoxStatus:
    """A box that has reported at these times."""
    box = first_status(new_report(seconds[0]))
    for later in seconds[1:]:
        box = box.after(new_report(later))
    return box


@pytest.mark.parametrize(
    ("seconds", "period"),
    [
        ((0,), None),
        ((0, 20), 20),
        ((0, 20, 40.5), 20.5),
        ((0, 0.1), None),
        ((0, 0.1, 20, 20.1), 19.9),
        ((0, 1, 3600), 60),
        ((0, 20, 20.1), 20),
        ((0, 20, 22), 10),
        ((0, 20, 20.1, 40), 19.9),
    ],
)
def test_the_period_is_what_is_observed(seconds: tuple[float, ...], period: float | None) -> None:
    assert box_after(*seconds).period_seconds == (period and pytest.approx(period))


@pytest.mark.parametrize(("seconds", "silent"), [((0,), 180), ((0, 10), 40), ((0, 0.5), 180.5), ((0, 1), 4)])
def test_three_silent_periods_are_offline(seconds: tuple[float, ...], silent: float) -> None:
    box = box_after(*seconds)
    assert box.is_online(at(silent))
    assert not box.is_online(at(silent + 0.001))


@pytest.mark.parametrize("status", ["offline", "Offline", " offline "])
def test_a_box_that_calls_itself_offline_is(status: str) -> None:
    assert not first_status(new_report(gateway_status=status)).is_online(at(0))


@pytest.mark.parametrize("status", ["online", "busy", None])
def test_a_box_that_reports_anything_else_is_online(status: str | None) -> None:
    assert first_status(new_report(gateway_status=status)).is_online(at(0))


def test_what_varies_by_itself_is_no_change_and_the_rest_is() -> None:
    known = box_after(0, 10)
    ext_data = {
        "temperature": 60,
        "cpu_usage": 99,
        "memory_size": 2,
        "memory_usage": 0.1,
        "disk_size": 1,
        "disk_free_size": 0.1,
        "sw_version": "V2R4C00",
        "sdk_version": "2.0",
        "gateway_mac": "00:00:00:00:00:01",
    }
    other = {"gateway_name": "a", "gateway_ip": "b", "gateway_sn": "c", "gateway_port": 81}
    now = known.after(new_report(20, gateway_ext_data=ext_data, gateway_status="offline", **other))
    assert {(change.field, change.after) for change in box_changes(known, now)} == {
        ("status", "offline"),
        ("name", "a"),
        ("addresses", "b"),
        ("gateway_sn", "c"),
        ("port", "81"),
        ("mac", "00:00:00:00:00:01"),
        ("version", "V2R4C00"),
        ("sdk_version", "2.0"),
    }
    assert now.details.temperature == 60


def test_what_a_report_leaves_out_stays_but_for_what_is_measured() -> None:
    known = box_after(0, 10)
    now = known.after(new_report(20, gateway_ext_data={}, gateway_name=None))
    assert box_changes(known, now) == []
    assert now.details.name == "box-93"
    assert now.details.short_version == "V2R1C01"
    assert now.details.temperature is None


def test_a_box_back_from_silence_was_offline_since_its_third_period() -> None:
    known = box_after(0, 10)
    assert box_changes(known, known.after(new_report(40))) == []
    assert box_changes(known, known.after(new_report(41))) == [
        DeviceChange(at(40), BOX, None, "status", "online", "offline"),
        DeviceChange(at(41), BOX, None, "status", "offline", "online"),
    ]


def test_a_box_that_had_said_goodbye_was_not_silent() -> None:
    known = first_status(new_report(0, gateway_status="offline"))
    assert box_changes(known, known.after(new_report(3600))) == [
        DeviceChange(at(3600), BOX, None, "status", "offline", "online")
    ]


def test_cameras_come_go_and_come_back() -> None:
    first, second = sorted(CAMERAS)
    appeared = camera_changes({}, new_report(0))
    assert [(change.camera_key, change.before, change.after) for change in appeared] == [
        (first, None, "online"),
        (second, None, "offline"),
    ]
    gone = CameraDetails(status="absent")
    assert camera_changes(
        {"x": CameraDetails(status="online"), "y": gone}, new_report(0, sub_devices=[])
    ) == [DeviceChange(at(0), BOX, "x", "status", "online", "absent")]
    back = new_report(0, sub_devices=[{"ep_id": "y", "ep_status": "online", "ep_ip": "192.0.2.1"}])
    assert {(c.field, c.before, c.after) for c in camera_changes({"y": gone}, back)} == {
        ("status", "absent", "online"),
        ("address", None, "192.0.2.1"),
    }


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:se3cret@192.0.2.1:554/ch1",
        "rtsp://admin:se/3cr@et@192.0.2.1:554/ch1",
        "rtsp://admin:se3\ncret@192.0.2.1:554/ch1",
        "RTSP://192.0.2.1:554/user=admin&password=se3cret",
        "rtsp://192.0.2.1:554?password=se3cret",
    ],
)
def test_no_password_of_a_camera_is_shown(url: str) -> None:
    assert shown(f"e0:a5__{url}").lower() == "e0:a5__rtsp://192.0.2.1:554"


def test_text_without_a_url_stays_as_it_is() -> None:
    assert shown("gate @ 7/8") == "gate @ 7/8"


def test_text_of_a_device_can_not_disturb_a_log_or_a_terminal() -> None:
    assert shown("a\r\n b\x1b[2J") == "a b\ufffd[2J"
    assert len(shown("x" * 10_000)) == LONGEST_SHOWN
