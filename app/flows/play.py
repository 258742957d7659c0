"""A screen plays for itself: its page fetches with the token in its address, and reports what is on it."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app import meters
from app.db import alerts, audit, play
from app.db.engine import Session, afterwards, notify
from app.db.outlets import Enrolled
from app.db.play import Player, Shown, Turn
from app.domain.errors import Conflict
from app.domain.notice import from_json
from app.domain.wordless import wordless
from app.flows.attempted import tell
from app.flows.confirm import Stated, Taken, confirm
from app.flows.ports import Press
from app.flows.principal import hash_secret
from app.flows.tell import CHANGED, DUE

log = logging.getLogger("huijia.flows")


async def make_link(session: Session, outlet: Enrolled, by: str) -> str:
    """A new token for the outlet's page: this is the only moment at which it can be read. Raises Conflict for an outlet on
    another wire."""
    token = secrets.token_urlsafe(32)
    if not await play.add_link(session, outlet.id, hash_secret(token)):
        raise Conflict("该发布点的传输方式不是播放页（player）。", "This outlet does not play for itself.")
    await audit.write(session, by, "player_link", detail={"outlet": outlet.id})
    return token


async def revoke_links(session: Session, outlet: Enrolled, by: str) -> int:
    """From now on nobody opens the page of this outlet, and a page that is open goes dark. How many links there were."""
    count = await play.revoke_links(session, outlet.id)
    await audit.write(session, by, "player_revoke", detail={"outlet": outlet.id, "links": count})
    await notify(session, DUE)
    return count


async def recognise(session: Session, token: str) -> Player | None:
    """Whose page this token opens."""
    return await play.find(session, hash_secret(token)) if token.isascii() else None


async def in_turn(session: Session, player: Player) -> Turn:
    """The answer's turn, and the moment from which on it is true. A page asks twice when it opens, by its stream and by a
    question: of the two answers it believes the later one, which must not be the one that found everything just being
    taken."""
    return await play.turn(session, player.outlet_id)


async def show(session: Session, player: Player, *, press: Press) -> Sequence[Mapping[str, Any]]:
    """What the page is to show now, and the ends of what it may be showing. What was not given before counts as accepted:
    the caller commits before a byte of it leaves. What is not among it is not to be shown. What cannot be read is not
    taken, and keeps nothing else from the page."""
    fresh = await _items(session, await play.waiting(session, player.outlet_id), press)
    if fresh:
        taken = await play.take(session, fresh)
        afterwards(session, partial(tell, taken.given))
        afterwards(session, partial(meters.took, taken.accepted))
        for code in taken.codes:
            await notify(session, CHANGED, code)
    await play.saw(session, player.outlet_id)
    shown = await play.shown(session, player.outlet_id)
    items = fresh | await _items(session, [one for one in shown if one.id not in fresh], press)
    return [items[one.id] for one in shown if one.id in items]


async def report(session: Session, player: Player, said: Sequence[Stated], *, press: Press) -> Sequence[Taken]:
    """Record what the page says of its own deliveries; of others it knows nothing, whatever it says."""
    mine = await play.own(session, player.outlet_id, [s.delivery_id for s in said if s.delivery_id is not None])
    taken = iter(await confirm(session, player.partner_id, [s for s in said if s.delivery_id in mine], press=press))
    return [next(taken) if s.delivery_id in mine else Taken.UNMATCHED for s in said]


async def _items(session: Session, given: Sequence[Shown], press: Press) -> dict[int, Mapping[str, Any]]:
    """What these say, by delivery; without those that cannot be read."""
    items: dict[int, Mapping[str, Any]] = {}
    for one in given:
        body = await alerts.notice_body(session, one.alert_id, one.number)
        rendered = await alerts.renditions(session, one.alert_id, one.number)
        try:
            payload = press.payload(from_json(dict(body)), rendered[one.profile])
        except Exception as error:
            log.error("delivery %d cannot be shown: %s\n%s", one.id, *wordless(error))
        else:
            items[one.id] = {"delivery": f"dlv_{one.id}", "payload": payload}
    return items
