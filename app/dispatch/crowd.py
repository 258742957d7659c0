"""How much this process has under way at each partner."""

from collections import Counter
from collections.abc import Sequence

from app.db.crowd import Crowd
from app.dispatch.send import Order


class Crowds:
    """Counts deliveries in and out. A partner that has just come to its fill is passed over in the very next claim,
    whatever has left it meanwhile: else one that answers all the time, and has more waiting than a claim looks at, would
    stand before all others until it has had everything."""

    def __init__(self) -> None:
        self._under_way: Counter[int] = Counter()
        self._bears: dict[int, int] = {}
        self._filled: set[int] = set()
        self._crammed: set[int] = set()

    def enter(self, orders: Sequence[Order]) -> None:
        for order in orders:
            partner, bears = order.host.partner_id, order.host.at_once
            self._bears[partner] = bears
            self._under_way[partner] = now = self._under_way[partner] + 1
            if now >= bears:
                self._filled.add(partner)
            if now >= 2 * bears:
                self._crammed.add(partner)

    def leave(self, orders: Sequence[Order]) -> bool:
        """True when one of their partners had its fill until now."""
        had = False
        for order in orders:
            host = order.host
            left = self._under_way[host.partner_id]
            had = had or left >= host.at_once
            if left > 1:
                self._under_way[host.partner_id] = left - 1
            else:
                del self._under_way[host.partner_id]
        return had

    def now(self) -> tuple[Crowd, bool]:
        """As a claim wants to know it; retractions may come to as much again. And whether the claim after it, which will pass
        over fewer, should come at once."""
        full = {p for p, n in self._under_way.items() if n >= self._bears[p]}
        crammed = {p for p in full if self._under_way[p] >= 2 * self._bears[p]}
        crowd = Crowd(dict(self._under_way), sorted(full | self._filled), sorted(crammed | self._crammed))
        again = not (self._filled <= full and self._crammed <= crammed)
        self._filled, self._crammed = set(), set()
        return crowd, again
