"""What this machine lacks."""


class Missing(Exception):
    """A program that a table needs is not there; the text says which, and what to do."""
