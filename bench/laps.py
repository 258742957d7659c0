"""One run of one road: how fast it was, and that every outlet had it once."""

from dataclasses import dataclass

from bench.hosts import Heard


@dataclass(frozen=True, slots=True)
class Lap:
    """Deliveries a second, and the 99th percentile in seconds from the beginning (the commit, where there is one)."""

    rate: float
    p99: float
    first: float


def lap(heard: Heard, begun: float, outlets: int) -> Lap:
    """Fails when an outlet was missed, or had the same message twice."""
    assert len(heard.at) == outlets, f"{outlets - len(heard.at)} outlets of {outlets} were not reached"
    assert heard.doubles == 0, f"{heard.doubles} doubles"
    late = sorted(at - begun for at in heard.at.values())
    return Lap(outlets / late[-1], late[int(len(late) * 0.99)], late[0])
