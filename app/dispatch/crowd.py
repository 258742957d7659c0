"""How much this process has under way at each partner."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import Enum, auto

from app.db.crowd import Crowd
from app.dispatch.send import Order

WORTH = 0.25  # of what a partner bears: so much room is worth a claim, one for each place costs more than the sends
RESTS = 10  # times as long as a look that has found nothing
LONGEST_REST = 1.0  # seconds
FEWEST = 64  # to lock where the last claim took hardly any
NO_BOUND = 1_000_000


class Room(Enum):
    """``ENOUGH`` to be worth a claim at once; ``SOME``, for which one should come soon."""

    NONE = auto()
    SOME = auto()
    ENOUGH = auto()


class Crowds:
    """Counts deliveries in and out. Whom a claim has brought to its fill the next one passes over, whatever has left it
    meanwhile: else one that answers all the time, and has more waiting than a claim looks at, would stand before all others
    until it has had everything. But to look past it is to walk over all that waits for it: when that has found nothing, it is
    done again after ten times as long as it took; or when there is something new, or room at another that was passed over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bears: dict[int, int] = {}
        self._under_way: Counter[int] = Counter()
        self._began: Mapping[int, int] = {}  # under way when the newest claim began
        self._taken: Counter[int] = Counter()  # what it has taken: as it counts nobody has left meanwhile
        self._passed: set[int] = set()
        self._passed_packed: set[int] = set()  # for retractions too
        self._looked_past: set[int] = set()  # and found nothing
        self._rests_until = 0.0
        self._new = False
        self._most = NO_BOUND

    def enter(self, orders: Sequence[Order]) -> None:
        """What the newest claim has taken."""
        for order in orders:
            partner = order.host.partner_id
            self._bears[partner] = order.host.at_once
            self._under_way[partner] += 1
            self._taken[partner] += 1

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
        """With more than so many under way there is no room that would be worth a claim."""
        return self._bears[partner] - max(1, int(self._bears[partner] * WORTH))

    def now(self) -> tuple[Crowd, bool]:
        """As a claim that begins wants to know it; retractions may come to as much again. And whether the claim after it,
        which will pass over fewer, should come soon."""
        full, crammed = self._at(self._under_way, 1), self._at(self._under_way, 2)
        counted = {p: n + self._began.get(p, 0) for p, n in self._taken.items()}
        filled, packed = self._at(counted, 1), self._at(counted, 2)
        self._passed = set() if filled <= self._passed or self._rests(filled) else self._passed | filled
        self._passed_packed = set() if packed <= self._passed_packed else self._passed_packed | packed
        again = not (self._passed <= full and self._passed_packed <= crammed)
        crowd = Crowd(dict(self._under_way), sorted(full | self._passed), sorted(crammed | self._passed_packed))
        self._new, self._began, self._taken = False, crowd.under_way, Counter()
        return crowd, again

    def _at(self, counted: Mapping[int, int], times: int) -> set[int]:
        return {p for p, n in counted.items() if n >= times * self._bears[p]}

    def most(self, room: int) -> int:
        """How many deliveries a claim with so much room is to lock: where the last one took few, few more."""
        return min(room, self._most)

    def looked(self, crowd: Crowd, most: int, took: int, seconds: float) -> None:
        """What a claim came to that knew this of the crowd and was to lock so many."""
        if self._new:
            return
        if took:
            self._most = NO_BOUND if took == most else max(FEWEST, 2 * took)
        elif crowd.full:
            self._looked_past = set(crowd.full)
            self._rests_until = self._clock() + min(RESTS * seconds, LONGEST_REST)

    def news(self) -> None:
        """There is something new, and it may be for somebody else."""
        self._new, self._rests_until, self._most = True, 0.0, NO_BOUND

    def rest(self) -> float:
        """Seconds until it is worth looking past somebody again."""
        return max(self._rests_until - self._clock(), 0.0)

    def waits(self) -> bool:
        """Whether the next claim had better wait until somebody leaves, or for ``rest``: those for whom the last one took
        something have little room, and past them there was nothing."""
        return bool(self._taken) and self._have_little_room(self._taken) and self._rests(set())

    def _rests(self, but: Set[int]) -> bool:
        """Whether what waits is for those whom the last look passed over, and they have little room, ``but`` for some."""
        return self.rest() > 0 and self._have_little_room(self._looked_past - but)

    def _have_little_room(self, partners: Iterable[int]) -> bool:
        return all(self._under_way[p] > self._little(p) for p in partners)
