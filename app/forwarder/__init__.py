"""Outbox to EnOS: claim, publish, await the reply, settle."""
