"""Measures the receiver beside other servers on the same machine: `make bench`."""
