"""What leaves the store for good: people who are forgotten, and what is too old or too much."""
