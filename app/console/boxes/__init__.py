"""Boxes: how each is, and pointing a new one here."""
