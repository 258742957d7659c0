"""From claimed rows to orders: notices and renditions are read once and kept, for they are frozen; outlets until a claim
sees that they have changed."""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import alerts, sendable
from app.db.claims import Claimed
from app.db.engine import Session
from app.db.sendable import Sendable
from app.db.settling import Result
from app.dispatch.press import HousePress
from app.dispatch.send import Host, Order
from app.dispatch.wiring import Settings, pushed
from app.domain.notice import from_json
from app.domain.routing import may_disseminate
from app.domain.words import Kind, Outcome, Status
from app.flows.ports import Seal
from channels.contract import Reason, Rendition

log = logging.getLogger("huijia.dispatch")

KEPT_NOTICES = 64
KEPT_PLACES = 20_000


@dataclass(slots=True)
class _Frozen:
    """A notice and its renditions as their rows hold them, and what has been read of them so far."""

    body: Mapping[str, Any]
    status: Status
    rendered: Mapping[str, Mapping[str, Any]]
    read: dict[str, Rendition]

    def rendition(self, profile: str, press: HousePress) -> Rendition:
        if profile not in self.read:
            self.read[profile] = press.rendition(from_json(dict(self.body)), self.rendered[profile])
        return self.read[profile]


class Preparer:
    """Holds the notices that are going out, and the outlets that they go to."""

    def __init__(self, press: HousePress, seal: Seal) -> None:
        self._press = press
        self._settings = Settings(seal, press.inbound)
        self._notices: OrderedDict[tuple[int, int], _Frozen] = OrderedDict()
        self._places: dict[int, Sendable] = {}

    async def orders(
        self, session: Session, claimed: Sequence[Claimed], begun: float, now: datetime
    ) -> tuple[list[Order], list[Result]]:
        """An order for each delivery that can be sent, and a result for each that cannot: one outlet whose settings do
        not open, or one rendition that cannot be read, must not keep the others waiting. ``begun`` is when the lease
        began (monotonic seconds). A claim saw the newest notice before it wrote its leases; what is newer since is seen
        here, and what comes later meets the leases."""
        if not claimed:
            return [], []
        places = await self._look_up(session, claimed)
        _, heads = await alerts.heads(session, {c.alert_id for c in claimed})
        orders, broken = [], []
        for c in claimed:
            place = places.get(c.outlet_id)
            carrier = place.carrier if place else ""
            if c.number < heads[c.alert_id]:
                broken.append(Result(c, carrier, Outcome.RETRY, Reason.OVERTAKEN, "已有更新的通告，未发送", now, now))
                continue
            notice = await self._notice(session, c)
            if _withdrawn(c, place, notice.status):
                broken.append(
                    Result(c, carrier, Outcome.REFUSED, Reason.REJECTED, "发布点已不参加演练或测试", now, now)
                )
                continue
            try:
                orders.append(self._order(c, places[c.outlet_id], notice, begun))
            except Exception:
                log.exception("delivery %d cannot be prepared", c.id)
                broken.append(Result(c, carrier, Outcome.RETRY, Reason.CRASH, "设置或版式无法读取，详见日志", now, now))
        return orders, broken

    async def _look_up(self, session: Session, claimed: Sequence[Claimed]) -> Mapping[int, Sendable]:
        """The outlets of these: from memory, where they are as the claim saw them. What is kept is not looked at again after
        the read: whoever looks after earlier notices may have written there what it read before a change."""
        kept = self._places
        if len(kept) > KEPT_PLACES:
            kept.clear()
        anew = {c.outlet_id for c in claimed if c.outlet_id not in kept or kept[c.outlet_id].seen != c.seen}
        places = {c.outlet_id: kept[c.outlet_id] for c in claimed if c.outlet_id not in anew}
        if anew:
            found = await sendable.read(session, anew)
            kept.update(found)
            places.update(found)
        return places

    def forget_outlets(self) -> None:
        """When the database was away: what comes back may be another, restored from elsewhere, that counts its changes anew."""
        self._places.clear()

    def _order(self, c: Claimed, place: Sendable, notice: _Frozen, begun: float) -> Order:
        settings = self._settings.of(place.carrier, place.sealed, c.outlet_id)
        rendition = notice.rendition(c.profile, self._press)
        host = Host(place.partner_id, place.at_once, place.failures > 0)
        return Order(c, pushed(place.carrier), settings, rendition, begun + c.lease.total_seconds(), host)

    async def _notice(self, session: Session, c: Claimed) -> _Frozen:
        """From memory, unless a profile came to it since: an extension renders what it needs."""
        key = (c.alert_id, c.number)
        kept = self._notices.get(key)
        if kept is None or c.profile not in kept.rendered:
            body = kept.body if kept else await alerts.notice_body(session, c.alert_id, c.number)
            rendered = await alerts.renditions(session, c.alert_id, c.number)
            kept = _Frozen(body, Status(body["status"]), rendered, kept.read if kept else {})
            self._notices[key] = kept
            while len(self._notices) > KEPT_NOTICES:
                self._notices.popitem(last=False)
        self._notices.move_to_end(key)
        return kept


def _withdrawn(c: Claimed, place: Sendable | None, status: Status) -> bool:
    """An outlet may take its agreement to drills back while one waits for it, until the claim; what it may show is still taken
    down."""
    if place is None or c.kind is Kind.RETRACT:
        return False
    return not may_disseminate(status, place.takes_exercises, place.takes_tests)
