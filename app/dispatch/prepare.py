"""From claimed rows to orders: notices and renditions are read once and kept, for they are frozen."""

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.db import alerts, outlets
from app.db.claims import Claimed, Result
from app.db.engine import Session
from app.dispatch.press import HousePress
from app.dispatch.send import Order
from app.dispatch.wiring import Settings, pushed
from app.domain.notice import PublicNotice, from_json
from app.domain.words import Outcome
from app.flows.ports import Seal
from channels.contract import Reason, Rendition

log = logging.getLogger("huijia.dispatch")

KEPT_NOTICES = 64


class Preparer:
    """Holds the notices that are going out."""

    def __init__(self, press: HousePress, seal: Seal) -> None:
        self._press = press
        self._settings = Settings(seal)
        self._notices: OrderedDict[tuple[int, int], tuple[PublicNotice, dict[str, Rendition]]] = OrderedDict()

    async def orders(
        self, session: Session, claimed: Sequence[Claimed], begun: float, now: datetime
    ) -> tuple[list[Order], list[Result]]:
        """An order for each delivery that can be sent, and a result for each that cannot: one outlet whose settings do
        not open must not keep the others waiting. ``begun`` is when the lease began (monotonic seconds)."""
        places = await outlets.enrolled(session, [c.outlet_id for c in claimed])
        orders, broken = [], []
        for c in claimed:
            rendition = await self._rendition(session, c)
            try:
                place = places[c.outlet_id]
                settings = self._settings.of(place.carrier, place.sealed)
                if rendition is None:
                    raise LookupError(f"no rendition for profile {c.profile}")
                orders.append(Order(c, pushed(place.carrier), settings, rendition, begun))
            except Exception:
                log.exception("delivery %d cannot be prepared", c.id)
                broken.append(
                    Result(c, Outcome.RETRY, Reason.CRASH, "设置或版式无法读取，详见日志", None, None, now, now)
                )
        return orders, broken

    async def _rendition(self, session: Session, c: Claimed) -> Rendition | None:
        notice, by_profile = await self._notice(session, c.alert_id, c.number)
        if c.profile not in by_profile:
            rendered: Mapping[str, Any]
            for profile, rendered in (await alerts.renditions(session, c.alert_id, c.number)).items():
                by_profile[profile] = self._press.rendition(notice, rendered)
        return by_profile.get(c.profile)

    async def _notice(self, session: Session, alert_id: int, number: int) -> tuple[PublicNotice, dict[str, Rendition]]:
        key = (alert_id, number)
        if key not in self._notices:
            self._notices[key] = (from_json(dict(await alerts.notice_body(session, alert_id, number))), {})
            while len(self._notices) > KEPT_NOTICES:
                self._notices.popitem(last=False)
        self._notices.move_to_end(key)
        return self._notices[key]
