"""Memory that large bodies took goes back to the system as soon as they are gone."""

import ctypes
from contextlib import suppress

_MMAP_THRESHOLD = -3  # mallopt(3), M_MMAP_THRESHOLD
_LARGE_BYTES = 2**20


def give_back_large_blocks() -> None:
    """Have the C library map blocks of 1 MB and more by themselves, in this process and those it forks.

    glibc else keeps up to 32 MB of what was freed for each thread. Another library is left as it is.
    """
    with suppress(AttributeError):  # it has no mallopt
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
