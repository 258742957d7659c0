"""How a play-out server that speaks on a line of its own misbehaves on request."""

from enum import StrEnum


class Trouble(StrEnum):
    """A switch position. ``down`` hangs up on everyone; ``lying`` says yes and does nothing; ``garbage`` speaks something
    else; ``hanging`` listens and never answers."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    LYING = "lying"
    GARBAGE = "garbage"
    HANGING = "hanging"
