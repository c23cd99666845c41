"""The cloud's dialect: credentials, topics, messages, replies, and the MQTT channel."""
