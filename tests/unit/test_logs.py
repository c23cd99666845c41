"""Log lines: one form for all, and none that stops what it tells of."""

import io
import logging
import sys

import pytest
import structlog

from app.telemetry.logs import configure_logging


class Broken(io.StringIO):
    """Standard error that nobody reads any more, on a full disk."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise OSError("no space left")


def closed() -> io.StringIO:
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("make", [Broken, closed])
def test_a_line_that_cannot_be_written_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, make: type[io.StringIO]
) -> None:
    configure_logging()
    monkeypatch.setattr(sys, "stderr", make())
    structlog.get_logger("ours").info("event_stored", id=1)
    logging.getLogger("theirs").warning("something")


def test_our_lines_and_those_of_libraries_look_alike(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    structlog.get_logger("ours").warning("event_stored", id=1)
    structlog.get_logger("ours").debug("too much")
    logging.getLogger("theirs").warning("something")
    ours, theirs = capsys.readouterr().err.splitlines()
    assert ours.partition(" ")[2] == "[warning  ] event_stored id=1"
    assert theirs.partition(" ")[2] == "[warning  ] something"
