"""What a box measures of itself, under the names that each firmware line gives it."""

from collections.abc import Mapping
from typing import Any

_MOST_PARTS = 1000.0  # beyond, it is no part of anything


def measures(ext_data: Mapping[str, Any]) -> dict[str, float | None]:
    """The measured details of `app.domain.devices.BoxDetails`, in their units, None where one is missing.

    V2R1 says cpu_use and memory_use; from V5R4 on there are cpu_info, memory_info, disk_info, and in V6
    core_temperature and emmc, the disk inside. `ext_data` holds what of gateway_ext_data can be read.
    """
    cpu, memory = ext_data.get("cpu_info", {}), ext_data.get("memory_info", {})
    disk = ext_data.get("disk_info") or ext_data.get("emmc", {})
    return {
        "temperature": _first(ext_data.get("temperature"), ext_data.get("core_temperature")),
        "cpu_usage": _first(
            ext_data.get("cpu_usage"), ext_data.get("cpu_use"), _percent(cpu, "cpu_rate", "cur_cpu_usage")
        ),
        "memory_size": _first(ext_data.get("memory_size"), memory.get("total_memory")),
        "memory_usage": _first(
            ext_data.get("memory_usage"),
            ext_data.get("memory_use"),
            memory.get("total_memory_scale"),
            memory.get("svt_memory_usage"),
        ),
        "disk_size": _first(ext_data.get("disk_size"), disk.get("total_disk")),
        "disk_free_size": _first(ext_data.get("disk_free_size"), disk.get("free_disk")),
    }


def _percent(cpu: Mapping[str, Any], *names: str) -> float | None:
    """Later firmware counts from 0 to 1."""
    part = _first(*(cpu.get(name) for name in names))
    return None if part is None or part > _MOST_PARTS else round(part * 100, 6)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
