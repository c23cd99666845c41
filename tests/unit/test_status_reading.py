"""Each firmware line's report says the same things under other names."""

from typing import Any

import pytest

from app.domain.devices import BoxDetails, StatusReport
from app.domain.events import Arrival
from app.errors import InvalidReport
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.status.reading import read_reports
from tests.support.new_reports import BEGIN, new_report
from tests.support.payloads import payload


def read(*documents: dict[str, Any], is_array: bool = False) -> list[StatusReport]:
    arrival = Arrival("/DeviceStatus", "192.0.2.7", BEGIN)
    return read_reports(Decoded(list(documents), Encoding.JSON, is_array=is_array), arrival)


def test_v2r4() -> None:
    [report] = read(payload("status-v2r4"))
    assert report.key == "ZKZ0001"
    assert report.details == BoxDetails(
        dev_sno="ZKZ0001",
        gateway_sn="SZ0001",
        name="box-93",
        addresses="192.168.1.251",
        mac="e0:a5:09:00:0e:6d",
        status="online",
        version="build.date=2019年 08月 06日\nVERSION: V2R1C01",
        short_version="V2R1C01",
        sdk_version="1.1.56",
        temperature=48,
        cpu_usage=6.5,
        memory_size=1.55,
        memory_usage=0.77,
        disk_size=10.39,
        disk_free_size=9.41,
    )


def test_v5r5() -> None:
    [report] = read(payload("status-v5r5"))
    assert report.details == BoxDetails(
        dev_sno="ZKZ0064",
        gateway_sn="SZ0064",
        name="hall-west",
        addresses="192.168.1.64 192.168.150.1",
        port=80,
        mac="e0:a5:09:00:32:40",
        status="online",
        version="V5R5C01_6a00001",
        short_version="V5R5C01",
        sdk_version="V5R5C01_30e0002",
        temperature=41,
        cpu_usage=7,
        memory_size=11.5,
        memory_usage=0.1,
        disk_size=30.5,
        disk_free_size=0.5,
    )


def test_v6_tells_of_the_box_and_of_its_cameras_in_two_reports() -> None:
    system, devices = read(payload("status-v6-system"), payload("status-v6-devices"), is_array=True)
    assert system.key == devices.key == "NAAX0080"
    assert system.cameras is None
    assert system.details == BoxDetails(
        dev_sno="NAAX0080",
        gateway_sn="HQ0080",
        name="tower-2",
        addresses="192.168.1.80",
        port=80,
        mac="e0:a5:09:00:31:50",
        status="online",
        temperature=45.5,
        cpu_usage=25,
        memory_size=12,
        memory_usage=0.15,
        disk_size=30.5,
        disk_free_size=13.25,
    )
    assert devices.cameras is not None
    front, garage = devices.cameras
    assert front.key == "fb4eb129a3d64f0a81a04a00e36547b1"
    assert (front.details.name, front.details.address) == ("前门设备", "192.168.1.38")
    assert (front.details.status, garage.details.status) == ("online", "offline")
    assert (front.details.type, front.details.url) == ("rtsp", "rtsp://192.168.1.38:554/ch0")
    assert front.document == payload("status-v6-devices")["media_devices"][0]


def test_the_oldest_names_of_measures() -> None:
    details = new_report(gateway_ext_data={"cpu_use": "1.3", "memory_use": "0.87", "disk_use": "0.1"}).details
    assert (details.cpu_usage, details.memory_usage, details.disk_free_size) == (1.3, 0.87, None)


@pytest.mark.parametrize(
    ("sent", "gigabytes"), [("30.54G", 30.54), ("512M", 0.5), ("2T", 2048), (5, 5), ("5", 5), ("5X", None)]
)
def test_sizes_have_units(sent: object, gigabytes: float | None) -> None:
    assert new_report(gateway_ext_data={"disk_size": sent}).details.disk_size == gigabytes


NAMES = ["dev_sno", "mq_license_key", "reporter_id", "gateway_sn", "gateway_mac"]


@pytest.mark.parametrize("missing", range(len(NAMES)))
def test_a_box_is_known_by_the_best_name_it_gives(missing: int) -> None:
    worse: list[Any] = ["", " ", None, 7, "x" * 201][:missing]
    document = dict(zip(NAMES, [*worse, *NAMES[missing:]], strict=True))
    assert read(document)[0].key == NAMES[missing]


def test_the_mac_inside_is_a_name_too() -> None:
    assert read({"gateway_ext_data": {"gateway_mac": "e0:a5"}})[0].key == "e0:a5"


def test_a_report_that_names_no_box_is_refused_with_what_is_wrong() -> None:
    with pytest.raises(InvalidReport) as raised:
        read(payload("status-v2r4"), {"dev_sno": 7, "gateway_sn": "x" * 201}, is_array=True)
    assert [(problem.pointer, problem.detail) for problem in raised.value.problems[:2]] == [
        ("/1/dev_sno", "must be text"),
        ("/1/gateway_sn", "is longer than 200 characters"),
    ]
    assert raised.value.problems[2].pointer == "/1"
    assert "names no box" in raised.value.problems[2].detail


@pytest.mark.parametrize("wrong", [5, "text", None, [], {"a": 1}, True])
def test_no_other_field_of_a_wrong_type_matters(wrong: object) -> None:
    document = {name: wrong for name in payload("status-v5r5") if name != "dev_sno"}
    [report] = read(document | {"dev_sno": "A1"})
    assert report.document == document | {"dev_sno": "A1"}
    assert report.key == report.details.dev_sno == "A1"
    assert report.details.temperature is None


def test_what_is_no_camera_is_passed_over() -> None:
    nameless: list[Any] = [5, None, {"ep_name": "x"}, {"ep_id": 7}, {"ep_id": ""}, {"ep_id": "x" * 401}]
    cameras = new_report(sub_devices=[*nameless, {"ep_id": "A__1", "ep_type": 2}]).cameras
    assert cameras is not None
    assert [(camera.key, camera.details.type) for camera in cameras] == [("A__1", None)]
