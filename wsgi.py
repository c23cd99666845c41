"""What gunicorn serves: `wsgi:app`, the receiver, and `wsgi:console`, the pages for people."""

from flask import Flask

from app.config import load_settings
from app.factory import create_receiver
from app.telemetry.logs import configure_logging
from app.telemetry.metrics import runs

configure_logging(load_settings().log_format)


def __getattr__(name: str) -> Flask:
    """Build the one that is asked for: each process serves one."""
    if name == "app":
        runs("receiver")
        return create_receiver(load_settings(), shares_writer=True)
    if name == "console":
        from app.console.application import create_console  # the receiver starts without it

        runs("console")
        return create_console(load_settings())
    raise AttributeError(name)
