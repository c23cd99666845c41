"""The names under which a simulated gate is known, all made of its box's licence code or its own address."""

from uuid import NAMESPACE_OID, uuid5


def device_id(dev_sno: str) -> str:
    """Give the id that boxes from V5R4 on have for the gate (SE3 protocol, section 3)."""
    return str(uuid5(NAMESPACE_OID, dev_sno))


def media_device_id(dev_sno: str) -> str:
    """Give the same id as V6 writes it (SE3 protocol, section 4)."""
    return device_id(dev_sno).replace("-", "")


def stream(device_ip: str) -> str:
    """Give the URL of the gate's video."""
    return f"rtsp://{device_ip}:8554/ch101"


def mac(device_ip: str) -> str:
    """Give the hardware address, as ep_id begins with it (SE3 protocol, section 3)."""
    return "0x0200" + "".join(f"{int(part):02x}" for part in device_ip.split("."))
