"""Refused bodies, looked at by people: opened, corrected, and read anew."""
