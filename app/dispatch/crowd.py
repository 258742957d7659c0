"""How much this process has under way at each partner."""

from collections import Counter
from collections.abc import Sequence

from app.db.crowd import Crowd
from app.dispatch.send import Order


class Crowds:
    """Counts deliveries in and out."""

    def __init__(self) -> None:
        self._under_way: Counter[int] = Counter()
        self._bears: dict[int, int] = {}

    def enter(self, orders: Sequence[Order]) -> None:
        for order in orders:
            self._under_way[order.host.partner_id] += 1
            self._bears[order.host.partner_id] = order.host.at_once

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

    def now(self) -> Crowd:
        """As a claim wants to know it. Retractions may come to as much again."""
        full = [p for p, n in self._under_way.items() if n >= self._bears[p]]
        return Crowd(dict(self._under_way), full, [p for p in full if self._under_way[p] >= 2 * self._bears[p]])
