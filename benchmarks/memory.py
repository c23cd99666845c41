"""How much memory processes took."""

from pathlib import Path


def peaks(pid: int) -> list[float]:
    """The most memory that a process and each of its descendants ever had (VmHWM), in MB of 2**20 bytes."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(status["VmHWM"].split()[0]) / 1024
    return [own, *(peak for child in children for peak in peaks(int(child)))]
