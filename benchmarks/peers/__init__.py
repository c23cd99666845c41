"""Other servers to measure the receiver beside: each takes the same bodies and does what it says it does."""
