"""What `se3 doctor` looks at: a module a field, each of which yields findings."""
