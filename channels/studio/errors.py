"""What the studio refuses."""


class CannotMake(Exception):
    """A piece that cannot be made. The message says what about it is wrong; it names nothing of the notice."""
