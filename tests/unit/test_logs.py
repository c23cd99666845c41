"""Log lines: one form for all, and none that stops what it tells of."""

import io
import json
import logging
import sys

import pytest
import structlog
from gunicorn.http import errors

from app.telemetry.logs import WithoutUrls, configure_logging


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


def test_as_json_each_event_is_one_object_whatever_it_tells(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json")
    structlog.get_logger("ours").warning("body_refused", reasons=["a\nb", "陈"], odd=io.StringIO)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        structlog.get_logger("ours").exception("message_failed")
        logging.getLogger("theirs").exception("something of %s", "gunicorn")
    ours, failed, theirs = (json.loads(line) for line in capsys.readouterr().err.split("\n")[:-1])
    assert (ours["event"], ours["level"], ours["reasons"]) == ("body_refused", "warning", ["a\nb", "陈"])
    assert ours["timestamp"] < failed["timestamp"] < theirs["timestamp"]
    assert theirs["event"] == "something of gunicorn"
    for one in (failed, theirs):
        assert one["exception"].startswith("Traceback")
        assert "two\nlines" in one["exception"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (errors.InvalidRequestLine("POST /KEY/a"), "Invalid HTTP request line"),
        (errors.InvalidRequestLine("POST '/KEY/a"), "Invalid HTTP request line"),
        (errors.InvalidHTTPVersion("b/KEY HTTP/1.1"), "Invalid HTTP Version"),
        (errors.LimitRequestLine(5000, 4094), "Request Line is too large (5000 > 4094)"),
    ],
)
def test_gunicorns_lines_tell_the_kind_of_a_fault_and_no_url(
    capsys: pytest.CaptureFixture[str], fault: Exception, told: str
) -> None:
    configure_logging()
    gunicorn = logging.getLogger("of-gunicorn")
    gunicorn.addFilter(WithoutUrls())
    gunicorn.warning(f"Invalid request from ip=2001:db8::7: {fault}")
    gunicorn.error("Error handling request %s %s", "POST", "/KEY/a")
    gunicorn.error("%s workers", 2)
    lines = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines == [f"Invalid request from ip=2001:db8::7: {told}", "Error handling request", "2 workers"]
