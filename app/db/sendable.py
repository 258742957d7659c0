"""The little of an outlet, and of who stands behind it, that a send needs. It seldom changes and every claim asks for it, so a
claim says only which state of it there is: who has read that one has no need to read it again."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import text

from app.db.engine import Session

SEEN = "((CAST(CAST(o.xmin AS text) AS bigint) << 32) | CAST(CAST(p.xmin AS text) AS bigint))"
"""The state of outlet ``o`` and its partner ``p``: which transactions wrote them. In one database another after every change."""


class Sendable(NamedTuple):
    """An outlet in one state. ``sealed`` holds its carrier's settings, encrypted; ``at_once`` is what its partner bears."""

    seen: int
    carrier: str
    sealed: bytes
    takes_exercises: bool
    takes_tests: bool
    partner_id: int
    at_once: int
    failures: int


_READ = text(
    f"""
SELECT o.id, {SEEN} AS seen, o.carrier, o.settings_sealed, o.takes_exercises, o.takes_tests, o.partner_id, p.at_once, o.failures
FROM outlet o JOIN partner p ON p.id = o.partner_id WHERE o.id = ANY(CAST(:ids AS bigint[]))
"""
)


async def read(session: Session, ids: Collection[int]) -> Mapping[int, Sendable]:
    """As they are now, by outlet."""
    found = await session.execute(_READ, {"ids": list(ids)})
    return {id: Sendable(*of) for id, *of in found.all()}
