"""A network of screens behind a message broker, and the broker. Written from docs/channels/mqtt.md."""
