"""What `se3 simulate` shows of the posts of boxes, while they go out and at the end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.errors import Se3Error


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error; gives what moves it on by one of `total`, from any thread."""
    columns = (TextColumn("posted"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("posted", total=total)
        yield lambda: bar.advance(task)


def fail_on(reasons: Iterable[str]) -> None:
    """End well if there are none.

    Raises:
        Se3Error: with each of the reasons why a post was not accepted, and how often there was that one.
    """
    if found := Counter(reasons):
        raise Se3Error("; ".join(f"{number} times: {reason}" for reason, number in found.items()))
