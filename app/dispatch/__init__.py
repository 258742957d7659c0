"""The hinge: the only room that knows both ``app`` and ``channels``."""
