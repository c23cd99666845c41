"""Whether a server really kept what it was sent: its own data is counted."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text


def rows_in(database_url: str) -> Callable[[], int]:
    """Counts the rows of the table `events`; in the receiver's a duplicate makes none."""

    def count() -> int:
        engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            found: int = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
        engine.dispose()
        return found

    return count


def files_in(folder: Path, pattern: str) -> Callable[[], int]:
    """Counts the files of one kind."""
    return lambda: sum(1 for _ in folder.glob(pattern))


def require_stored(name: str, answered: int, stored: int, cut_off: int) -> None:
    """Compare the count of good replies with that of stored events.

    `cut_off`: how many requests at most were on their way when a run ended; their replies nobody counted.

    Raises:
        RuntimeError: fewer are stored than were answered, or more than were posted.
    """
    if not answered <= stored <= answered + cut_off:
        raise RuntimeError(
            f"{name} gave {answered} good replies and stored {stored} events, with {cut_off} cut off at most"
        )
