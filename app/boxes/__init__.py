"""What boxes speak: the API of their own by which they are set up."""
