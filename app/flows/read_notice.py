"""The whole of a notice, for the outlet that was sent only a link to it."""

from collections.abc import Mapping
from typing import Any

from app.db import alerts, asked, audit
from app.db.engine import Session
from app.domain.errors import NotFound, Replaced
from app.domain.notice import from_json
from app.domain.words import Kind
from app.flows.ports import Press
from app.flows.principal import Principal


async def read_notice(session: Session, who: Principal, delivery_id: int, *, press: Press) -> Mapping[str, Any]:
    """As a JSON wire carries it. It counts as told from the moment it is committed: who has read it is told of the end.
    Raises NotFound, or Replaced when it is no longer in force."""
    found = await asked.known(session, delivery_id, who.partner_id, live=who.live)
    if found is None:
        raise NotFound("没有这个投递编号，或它不属于本单位。", "There is no such delivery, or it is not yours.")
    if not found.newest:
        raise Replaced
    rendered = (await alerts.renditions(session, found.alert_id, found.number)).get(found.profile)
    if rendered is None:
        raise NotFound("该通告没有适合此发布点的版式。", "This notice has no rendition for this outlet.")
    if found.kind is not Kind.RETRACT:
        await asked.was_read(session, found.id)
    await audit.write(session, who.actor, "notice_read", found.alert_id, {"delivery": found.id})
    return press.payload(from_json(dict(await alerts.notice_body(session, found.alert_id, found.number))), rendered)
