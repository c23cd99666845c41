"""The relay to EnOS: how it is, and what stopped."""
