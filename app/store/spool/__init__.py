"""Takes what is acknowledged while PostgreSQL can't, and moves it there afterwards."""
