"""What has to be there before the night: a key that opens what is sealed."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from app.db.engine import Session


class Sealed(NamedTuple):
    """``what`` is outlet, record or factor."""

    what: str
    content: bytes


_SEALED = """
(SELECT 'outlet', settings_sealed FROM outlet ORDER BY updated_at LIMIT 1)
UNION ALL (SELECT 'outlet', settings_sealed FROM outlet ORDER BY updated_at DESC LIMIT 1)
UNION ALL (SELECT 'record', sealed FROM record WHERE alert_id = (SELECT max(id) FROM alert) ORDER BY version DESC LIMIT 1)
UNION ALL (SELECT 'factor', totp_sealed FROM account WHERE totp_sealed IS NOT NULL ORDER BY id DESC LIMIT 1)
"""


async def sealed(session: Session) -> Sequence[Sealed]:
    """Some of what lies sealed: the settings of two outlets, one changed long ago and one of late, the record of the newest
    alert and somebody's second factor."""
    return [Sealed(what, bytes(content)) for what, content in await session.execute(text(_SEALED))]
