"""The same request twice is one act (draft-ietf-httpapi-idempotency-key-header)."""

from app.db import keys
from app.db.engine import Session
from app.domain.errors import KeyReused
from app.flows.principal import Principal


async def replayed(session: Session, who: Principal, key: str | None, body_hash: bytes) -> str | None:
    """The code of the alert that this very request made or changed before; ``None`` when it is new.

    Raises KeyReused when the key came with another body. A request that failed left no trace and may be tried again.
    """
    if key is None:
        return None
    before = await keys.remember(session, who.actor, key, body_hash)
    if before is None:
        return None
    first_hash, alert_id = before
    if first_hash != body_hash or alert_id is None:
        raise KeyReused
    return await keys.code_of(session, alert_id)
