"""What a claim must know of the partners whose deliveries are being sent by this process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Crowd:
    """How much is under way at each partner, and which partners are passed over: for all but retractions (``full``), and for
    these too (``crammed``)."""

    under_way: Mapping[int, int] = field(default_factory=dict)
    full: Sequence[int] = ()
    crammed: Sequence[int] = ()


NOBODY = Crowd()
