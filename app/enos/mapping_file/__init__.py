"""Reads a mapping from TOML, and names line and key of what is wrong."""
