"""One line a log event, on standard error: for people and for `grep`, or as JSON for programs."""

import io
import logging
import re
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import Processor

_SENT = re.compile(r""":? b?['"].*""", re.DOTALL)  # in gunicorn's words, what follows the kind of a fault


class _StandardError(io.TextIOBase):
    """Whatever that is now: loggers are kept, and tests put something else there.

    A line that can't be written is lost: nobody reads on, or the disk is full. What was to be logged, such
    as an event that is stored, goes on all the same.
    """

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


class WithoutUrls(logging.Filter):
    """Takes out of gunicorn's lines what a client sent: a URL may hold a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut a line about a request; all pass."""
        text = record.getMessage()
        if text.startswith("Invalid request from "):
            record.msg, record.args = _SENT.sub("", text), ()
        elif text.startswith("Error handling request "):  # its method and URL follow
            record.msg, record.args = "Error handling request", ()
        return True


def configure_logging(log_format: str = "console") -> None:
    """Send structlog's and every library's log lines to standard error in one form: console or json.

    Our own lines go there directly: by way of `logging` each would cost twice as much, and there is one for
    every event.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = _as_json() if log_format == "json" else _for_people()
    standard_error = cast(TextIO, _StandardError())
    structlog.configure(
        processors=[*before, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(standard_error),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(standard_error)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _for_people() -> list[Processor]:
    # A plain traceback: a rich one prints local variables, and so names and faces.
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _as_json() -> list[Processor]:
    """A traceback, a plain one too, is text in `exception`; what JSON does not know is as Python shows it."""
    as_text = structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    return [structlog.processors.format_exc_info, as_text]
