"""What gunicorn serves: `wsgi:app`, the receiver."""

from app.config import load_settings
from app.factory import create_receiver
from app.telemetry.logs import configure_logging

configure_logging()
app = create_receiver(load_settings(), shares_writer=True)
