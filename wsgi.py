"""What gunicorn serves: `wsgi:app`, the receiver, and `wsgi:console`, the pages for people."""

from flask import Flask

from app.config import load_settings
from app.factory import create_receiver
from app.telemetry.logs import configure_logging

configure_logging()


def __getattr__(name: str) -> Flask:
    """Build the one that is asked for: each process serves one."""
    if name == "app":
        return create_receiver(load_settings(), shares_writer=True)
    if name == "console":
        from app.console.application import create_console  # the receiver starts without it

        return create_console(load_settings())
    raise AttributeError(name)
