import pytest

from app.simulators.gate import Gate
from app.simulators.sightings import FORMS
from app.simulators.status import make_status
from tests.support.payloads import payload

GATE = Gate(seed=7)


@pytest.mark.parametrize("form", [form for form in FORMS if form != "v6r1"])
def test_a_report_has_what_a_real_box_reports(form: str) -> None:
    real, report = payload("status-v2r4"), make_status(GATE, form, 1)
    assert report.keys() - real.keys() == ({"gateway_port"} if form == "v5r7" else set())
    assert real.keys() <= report.keys()
    assert report["gateway_ext_data"].keys() == real["gateway_ext_data"].keys()
    assert report["sub_devices"][0].keys() == real["sub_devices"][0].keys()
    assert report["dev_sno"] == GATE.dev_sno
    assert report["sub_devices"][0]["ep_ip"] == GATE.device_ip


def test_v6_reports_its_licence_key_and_media_devices_instead() -> None:
    old, new = make_status(GATE, "v5r3", 1), make_status(GATE, "v6r1", 1)
    assert new.keys() - old.keys() == {"mq_license_key", "media_devices"}
    assert old.keys() - new.keys() == {"dev_sno", "sub_devices"}
    assert new["mq_license_key"] == GATE.dev_sno
    prefixed = ("id", "url", "ip", "name", "status", "type")  # SE3 protocol, section 6
    names = {"permission_id", *(f"media_device_{name}" for name in prefixed)}
    assert new["media_devices"][0].keys() == names
    assert new["media_devices"][0]["media_device_ip"] == GATE.device_ip


@pytest.mark.parametrize("form", FORMS)
def test_the_gateway_s_address_ends_with_the_space_that_trips_receivers(form: str) -> None:
    address = make_status(GATE, form, 1)["gateway_ip"]
    assert address.endswith(" ")
    assert address.strip() != GATE.device_ip
