"""What has to be there before the night: outlets, officers who confirm each other, and a key that opens what is sealed."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from app.db.engine import Session
from app.domain.words import Role


class Sealed(NamedTuple):
    """``what`` is outlet, record or factor."""

    what: str
    content: bytes


class Officer(NamedTuple):
    """Who may issue and confirm at the console."""

    number: str
    organ: str
    area_code: str


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


async def outlets(session: Session) -> tuple[int, int]:
    """How many are enrolled, and how many of them are not paused."""
    found = await session.execute(text("SELECT count(*), count(*) FILTER (WHERE NOT paused) FROM outlet"))
    enrolled, at_work = found.one()
    return enrolled, at_work


async def officers(session: Session) -> Sequence[Officer]:
    """As ``Operator.officer`` has it."""
    found = await session.execute(
        text(
            "SELECT a.number, o.name, o.area_code FROM account a JOIN organ o ON o.code = a.organ_code "
            "WHERE a.disabled_at IS NULL AND a.role = ANY(:roles) AND a.number <> '' AND a.phone <> '' ORDER BY o.code, a.id"
        ),
        {"roles": [role.value for role in Role if role.reaches(Role.OFFICER)]},
    )
    return [Officer(*r) for r in found]
