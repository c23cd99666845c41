"""Changes of many rows, a slice at a time, with a bar that shows how far they are."""

import sys
from collections.abc import Callable, Sequence

import click

from app.errors import Se3Error
from app.store.slices import SLICE, change_slice


def in_slices(ids: Sequence[int], label: str, change: Callable[[Sequence[int]], int]) -> int:
    """Change these rows slice by slice; returns how many were changed.

    `change` takes a slice, changes it in a transaction of its own, and returns how many rows that were. A
    bar on standard error shows how far it is, where there is more than one slice.

    Raises:
        Se3Error: Ctrl-C; whole slices were changed.
    """
    changed = done = 0
    try:
        with click.progressbar(
            length=len(ids), label=label, file=sys.stderr, hidden=len(ids) <= SLICE
        ) as bar:
            while done < len(ids):
                some = ids[done : done + SLICE]
                changed += change_slice(some, change)
                done += len(some)
                bar.update(len(some))
    except KeyboardInterrupt:
        raise Se3Error(_stopped(changed, len(ids), ids[done - 1] if done else 0)) from None
    return changed


def _stopped(changed: int, of: int, last: int) -> str:
    return (
        f"stopped: {changed} of {of} are done, up to delivery {last}, and the others as before; "
        f"the same command goes on, replay with --after {last}"
    )
