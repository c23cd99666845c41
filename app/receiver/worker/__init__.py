"""gunicorn's worker for this receiver: what clients send waits in a loop, and never in a thread."""
