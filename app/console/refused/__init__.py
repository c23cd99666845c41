"""The pages of refused bodies: what is wrong with each, and what can be done about it."""
