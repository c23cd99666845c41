"""What an event looks like in EnOS, and by which channel it goes."""
