"""gunicorn's settings; `se3 run` and `gunicorn wsgi:app` both read them. Every global here is one."""

import gc
import os
from resource import RLIMIT_NOFILE, getrlimit

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.config import load_settings
from app.large_blocks import give_back_large_blocks
from app.telemetry.logs import WithoutUrls, configure_logging

gc.disable()  # until the master is ready; see below

_OTHER_FILES = 100  # of a process, beside a connection of each client

settings = load_settings()
configure_logging(settings.log_format)
give_back_large_blocks()


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801 - gunicorn is untyped, and names the setting
    """Sends gunicorn's own lines where ours go, in the same form."""

    def setup(self, cfg: Config) -> None:
        """Leave the handlers to the root logger."""
        super().setup(cfg)
        for own in (self.error_log, self.access_log):
            own.handlers.clear()
            own.propagate = True
        self.error_log.addFilter(WithoutUrls())


bind = [settings.receiver_bind]
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "app.receiver.worker.bounded.BoundedWorker"
threads = 8
worker_connections = max(threads + 1, min(1000, getrlimit(RLIMIT_NOFILE)[0] - _OTHER_FILES))
keepalive = 75  # seconds; boxes and load balancers keep connections open
timeout = 60
graceful_timeout = 20
control_socket_disable = True  # gunicorn 25.1+ would open a socket in the home directory


def when_ready(_process: object) -> None:
    """Look for garbage from now on, but not in what was imported: it took a third of start and end."""
    gc.freeze()
    gc.enable()


post_worker_init = on_reload = when_ready
