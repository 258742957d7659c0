"""How much this process has under way at each partner."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum, auto

from app.db.crowd import Crowd
from app.dispatch.send import Order

WORTH = 4  # of what a partner bears so much is worth a claim: one for each place costs more than the sends
RESTS = 10  # times as long as a look that has found nothing
LONGEST_REST = 1.0  # seconds
FEWEST = 64
ALL = 1_000_000


class Room(Enum):
    """``ENOUGH`` to be worth a claim at once; ``SOME``, for which one should come soon."""

    NONE = auto()
    SOME = auto()
    ENOUGH = auto()


class Crowds:
    """Counts deliveries in and out. A partner that has just come to its fill is passed over in the very next claim,
    whatever has left it meanwhile: else one that answers all the time, and has more waiting than a claim looks at, would
    stand before all others until it has had everything. But to look past it is to walk over all that waits for it: when that
    has found nothing, the next look past somebody comes after ten times as long as it took, or with what is new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._under_way: Counter[int] = Counter()
        self._bears: dict[int, int] = {}
        self._filled: set[int] = set()
        self._crammed: set[int] = set()
        self._rests_until = 0.0
        self._new = False
        self._most = ALL

    def enter(self, orders: Sequence[Order]) -> None:
        for order in orders:
            partner, bears = order.host.partner_id, order.host.at_once
            self._bears[partner] = bears
            self._under_way[partner] = now = self._under_way[partner] + 1
            if now >= bears:
                self._filled.add(partner)
            if now >= 2 * bears:
                self._crammed.add(partner)

    def leave(self, orders: Sequence[Order]) -> Room:
        """What is free now at one of their partners that had little room or none."""
        room = Room.NONE
        for order in orders:
            partner = order.host.partner_id
            had, bears, little = self._under_way[partner], self._bears[partner], self._little(partner)
            if had > 1:
                self._under_way[partner] = had - 1
            else:
                del self._under_way[partner]
            if had - 1 in (little, little + bears):
                room = Room.ENOUGH
            elif had > little and room is Room.NONE:
                room = Room.SOME
        return room

    def _little(self, partner: int) -> int:
        """With more than so many under way it has no room that would be worth a claim."""
        return self._bears[partner] - max(1, self._bears[partner] // WORTH)

    def now(self) -> tuple[Crowd, bool]:
        """As a claim wants to know it; retractions may come to as much again. And whether the claim after it, which will pass
        over fewer, should come soon."""
        self._new = False
        full = {p for p, n in self._under_way.items() if n >= self._bears[p]}
        crammed = {p for p in full if self._under_way[p] >= 2 * self._bears[p]}
        if self.rest():
            return Crowd(dict(self._under_way), sorted(full), sorted(crammed)), False
        crowd = Crowd(dict(self._under_way), sorted(full | self._filled), sorted(crammed | self._crammed))
        again = not (self._filled <= full and self._crammed <= crammed)
        self._filled, self._crammed = set(), set()
        return crowd, again

    def most(self, room: int) -> int:
        """How many deliveries a claim with so much room is to lock: where a partner bears no more, few more than were taken."""
        return min(room, self._most)

    def looked(self, crowd: Crowd, took: int, seconds: float) -> None:
        """What a claim came to that knew this of the crowd."""
        if took:
            self._most = max(FEWEST, 2 * took) if self._filled or crowd.full else ALL
        elif crowd.full and not self._new:
            self._rests_until = self._clock() + min(RESTS * seconds, LONGEST_REST)

    def look(self) -> None:
        """There is something new, and it may be somebody else's."""
        self._new, self._rests_until, self._most = True, 0.0, ALL

    def rest(self) -> float:
        """Seconds until it is worth looking past somebody again."""
        return max(self._rests_until - self._clock(), 0.0)

    def waits(self) -> bool:
        """Whether the next claim had better wait, until somebody leaves or for ``rest``: a partner bears no more, and past it
        there was nothing."""
        return self.rest() > 0 and any(n > self._little(p) for p, n in self._under_way.items())
