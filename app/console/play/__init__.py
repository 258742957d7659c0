"""The page that a screen opens: black, or what is live (docs/channels/player.md)."""
