"""The se3 command; one module a group."""
