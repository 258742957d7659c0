"""An outlet does not answer; its people do. What they say on the telephone is kept as said by them to an operator, apart
from what outlets state themselves; the machine goes on trying all the same."""

from app.db import audit, history
from app.db.engine import Session, notify
from app.domain.errors import Conflict, NotFound
from app.domain.words import Scope
from app.flows.principal import Principal
from app.flows.tell import CHANGED

LONGEST_ANSWERED = 40


async def taken_down(session: Session, who: Principal, code: str, delivery_id: int, answered: str = "") -> bool:
    """Somebody there says that it is down. False when that has been noted before. Raises NotFound."""
    found = await _retraction(session, who, code, delivery_id)
    if not await history.add_call(session, delivery_id, who.actor, answered[:LONGEST_ANSWERED]):
        return False
    await audit.write(session, who.actor, "phoned", found.alert_id, {"delivery": delivery_id, "outlet": found.outlet})
    await notify(session, CHANGED, code)
    return True


async def take_back(session: Session, who: Principal, code: str, delivery_id: int) -> None:
    """It was a mistake. Raises NotFound, or Conflict when nothing was noted."""
    found = await _retraction(session, who, code, delivery_id)
    if not await history.undo_call(session, delivery_id, who.actor):
        raise Conflict("没有可以撤销的电话确认。", "There is no telephone confirmation to undo.")
    await audit.write(
        session, who.actor, "phoned_undone", found.alert_id, {"delivery": delivery_id, "outlet": found.outlet}
    )
    await notify(session, CHANGED, code)


async def _retraction(session: Session, who: Principal, code: str, delivery_id: int) -> history.Retraction:
    found = await history.retraction(session, code, delivery_id)
    if found is None or who.scope not in (Scope.OPERATOR, Scope.ADMIN):
        raise NotFound("没有这条撤回投递。", "There is no such retraction.")
    return found
