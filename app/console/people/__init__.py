"""People whom boxes know, and strangers."""
