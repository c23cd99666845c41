"""What a person can do about deliveries that were refused for good (EnOS protocol, section 3)."""

from enum import StrEnum


class Remedy(StrEnum):
    """register: the device in EnOS. compare: the thing model with the mapping. shrink: what is sent.

    mend: the mapping, which refuses the event itself. ask: look at what EnOS says of the message.
    """

    REGISTER = "register"
    COMPARE = "compare"
    SHRINK = "shrink"
    MEND = "mend"
    ASK = "ask"


_BY_CODE = {1257: Remedy.REGISTER, 1204: Remedy.COMPARE, 1008: Remedy.SHRINK, None: Remedy.MEND}


def remedy(code: int | None) -> Remedy:
    """What to do about this code of EnOS; None: it was the mapping that refused."""
    return _BY_CODE.get(code, Remedy.ASK)
