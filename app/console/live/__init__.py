"""The page of live events: cards that come as the events do."""
