"""What is done with all there is of one person: it is forgotten, or handed over."""
