"""SE3 receiver: a box's event comes in over HTTP, is kept in SQL and goes on to EnOS over MQTT."""
