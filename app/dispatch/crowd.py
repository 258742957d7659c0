"""How much this process has under way at each partner."""

from collections import Counter
from collections.abc import Sequence

from app.db.crowd import Crowd
from app.dispatch.send import Host, Order


class Crowds:
    """Counts deliveries in and out."""

    def __init__(self) -> None:
        self._under_way: Counter[int] = Counter()
        self._bears: dict[int, int] = {}

    def enter(self, orders: Sequence[Order]) -> None:
        for order in orders:
            self._under_way[order.host.partner_id] += 1
            self._bears[order.host.partner_id] = order.host.at_once

    def leave(self, hosts: Sequence[Host]) -> bool:
        """True when one of them had its fill until now."""
        had = any(self._under_way[h.partner_id] >= h.at_once for h in hosts)
        for host in hosts:
            self._under_way[host.partner_id] -= 1
            if not self._under_way[host.partner_id]:
                del self._under_way[host.partner_id]
        return had

    def now(self) -> Crowd:
        """As a claim wants to know it. Retractions may come to as much again."""
        full = [p for p, n in self._under_way.items() if n >= self._bears[p]]
        return Crowd(dict(self._under_way), full, [p for p in full if self._under_way[p] >= 2 * self._bears[p]])
