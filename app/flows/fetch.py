"""A partner polls: what it fetches counts as accepted, and is committed before a byte of it leaves."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app import meters
from app.db import alerts, feed
from app.db.engine import Session, afterwards, notify
from app.domain.notice import from_json
from app.flows.ports import Press
from app.flows.tell import CHANGED


async def fetch(
    session: Session, partner_id: int, cursor: int, limit: int, *, live: bool = True, press: Press
) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """The notices after ``cursor``, oldest first, and the cursor to go on from.

    Only the newest notice of an alert is ever given: a reader that was away learns that what it had fetched is over, and
    never sees the beginning of what it had not. With a test key (not ``live``) nothing actual is given, nor counted as
    accepted.
    """
    room = limit - len(await feed.after(session, partner_id, cursor, limit, live=live))
    if room > 0 and await feed.waits(session, partner_id):
        taken = await feed.take_new(session, partner_id, limit=room, live=live)  # no more is accepted than is given
        afterwards(session, partial(meters.took, taken.accepted))
    # Read before the items: what another reader numbers after this stands behind no cursor that is given out here.
    head = await feed.head(session, partner_id)
    items = await feed.after(session, partner_id, cursor, limit, live=live)
    given = [await _item(session, item, press) for item in items]
    for code in sorted({g["payload"]["data"]["alert"] for g in given}):
        await notify(session, CHANGED, code)
    last = items[-1].sequence if items else 0
    return (last if len(items) == limit else max(cursor, head, last)), given


async def _item(session: Session, item: feed.FeedItem, press: Press) -> Mapping[str, Any]:
    notice = from_json(dict(await alerts.notice_body(session, item.alert_id, item.number)))
    rendered = (await alerts.renditions(session, item.alert_id, item.number))[item.profile]
    return {
        "sequence": item.sequence,
        "delivery": f"dlv_{item.delivery_id}",
        "outlet": str(item.outlet_id),
        "payload": press.payload(notice, rendered),
    }
