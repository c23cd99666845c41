"""The API for programs, /api/v1, on the console's port."""
