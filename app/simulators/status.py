"""What a box reports of itself and its gate (SE3 protocol, section 6)."""

from typing import Any

from app.simulators import addresses
from app.simulators.gate import Gate


def make_status(gate: Gate, form: str, number: int) -> dict[str, Any]:
    """Give the status report of a box of this form (one of FORMS), ready for JSON.

    `number` counts the box's reports; load and temperature go with it.
    """
    report = {
        "gateway_ip": f"{_box_ip(gate)} ",  # real boxes end it with a space
        "gateway_name": f"box-{gate.dev_sno}",
        "gateway_status": "online",
        "gateway_sn": f"SN{gate.dev_sno}",
        "gateway_ext_data": _gateway_ext_data(gate, form, number),
    }
    if form == "v6r1":
        return report | {"mq_license_key": gate.dev_sno, "media_devices": [_media_device(gate)]}
    port = {"gateway_port": 80} if form == "v5r7" else {}
    return report | port | {"dev_sno": gate.dev_sno, "sub_devices": [_sub_device(gate)]}


def _box_ip(gate: Gate) -> str:
    return gate.device_ip.replace("192.168.", "172.16.")


def _gateway_ext_data(gate: Gate, form: str, number: int) -> dict[str, Any]:
    return {
        "sw_version": f"build.date=2019年 08月 06日\nVERSION: {form.upper()}C01\n",
        "sdk_version": "1.1.56",
        "gateway_mac": addresses.mac(gate.device_ip),
        "cpu_usage": 6.5 + number * 7 % 40,  # %
        "memory_size": 1.55,  # GB, like the three below
        "memory_usage": 0.77,
        "disk_size": 10.39,
        "disk_free_size": 9.41,
        "temperature": 48 + number % 9,
    }


def _sub_device(gate: Gate) -> dict[str, str]:
    return {
        "ep_id": f"{gate.dev_sno}__{gate.device_ip}",
        "ep_name": "3号门",
        "ep_ip": gate.device_ip,
        "ep_status": "online",
        "ep_location": "大门",
        "ep_type": "0",
        "ep_url": addresses.stream(gate.device_ip),
    }


def _media_device(gate: Gate) -> dict[str, str]:
    return {
        "media_device_id": addresses.media_device_id(gate.dev_sno),
        "media_device_url": addresses.stream(gate.device_ip),
        "media_device_ip": gate.device_ip,
        "media_device_name": "前门设备",
        "media_device_status": "online",
        "media_device_type": "rtsp",
        "permission_id": "",
    }
