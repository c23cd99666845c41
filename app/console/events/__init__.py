"""Events: the list with its filters, one event, and events as files."""
