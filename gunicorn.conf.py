"""gunicorn's settings; `se3 run` and `gunicorn wsgi:app` both read them. Every global here is one."""

import os

from app.config import load_settings

bind = [load_settings().receiver_bind]
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
keepalive = 75  # seconds; boxes and load balancers keep connections open
timeout = 60
graceful_timeout = 20
control_socket_disable = True  # gunicorn 25.1+ would open a socket in the home directory
