"""Long changes go in short transactions, so that receiver and forwarder get their turns between them."""

from collections.abc import Callable, Sequence

from app.errors import Conflict

SLICE = 1000  # rows
_TRIES = 5  # of a slice whose transaction was given up for another one


def change_slice(some: Sequence[int], change: Callable[[Sequence[int]], int]) -> int:
    """Change these rows, again where the transaction was given up for another; returns how many were.

    `change` changes rows in a transaction of its own, and returns how many that were.
    """
    for _ in range(_TRIES - 1):
        try:
            return change(some)
        except Conflict:
            continue
    return change(some)
