"""Records that wait for a second officer. What is sealed in them is erased in the moment in which they no longer wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text, update

from app.db import tables as t
from app.db.engine import Session
from app.domain.words import ProposalState, Status


@dataclass(frozen=True, slots=True)
class Proposal:
    """``by``: the account that filled it in; ``alert``: the number of the alert that it has become. The sealed parts are
    ``None`` once it no longer waits."""

    id: int
    status: Status
    state: ProposalState
    organ_code: str
    organ_name: str
    case_number: str
    area_code: str
    account_id: int
    by: str
    made_at: datetime
    lapses_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason_sealed: bytes | None
    alert: str | None
    sealed: bytes | None
    photo_sealed: bytes | None


_COLUMNS = (
    "SELECT p.id, p.status, p.state, p.organ_code, o.name AS organ_name, p.case_number, p.area_code, p.account_id, "
    "a.name AS by, p.created_at AS made_at, p.lapses_at, p.decided_at, p.decided_by, p.reason_sealed, e.code AS alert"
)
_FROM = (
    " FROM proposal p JOIN organ o ON o.code = p.organ_code JOIN account a ON a.id = p.account_id "
    "LEFT JOIN alert e ON e.id = p.alert_id "
)


_SEALED = ("reason_sealed", "sealed", "photo_sealed")


def _row(r: Any) -> Proposal:
    facts = dict(r._mapping)
    sealed = {name: bytes(facts[name]) if facts.get(name) is not None else None for name in _SEALED}
    words = {"status": Status(facts["status"]), "state": ProposalState(facts["state"])}
    return Proposal(**(facts | sealed | words))


async def add(session: Session, lasts: timedelta, **values: Any) -> int:
    """Write a new one, which waits for ``lasts``; returns its id."""
    statement = insert(t.proposal).values(
        state=ProposalState.PROPOSED, lapses_at=text("now() + CAST(:lasts AS interval)"), **values
    )
    return int((await session.execute(statement.returning(t.proposal.c.id), {"lasts": lasts})).scalar_one())


async def lock(session: Session, id: int) -> Proposal | None:
    """The proposal with what is sealed in it; who decides on it does so alone. Locked first and read then: a statement that
    waits for the lock would see the alert that it has become with the eyes of before."""
    await session.execute(text("SELECT FROM proposal WHERE id = :id FOR UPDATE"), {"id": id})
    found = await session.execute(text(f"{_COLUMNS}, p.sealed, p.photo_sealed{_FROM}WHERE p.id = :id"), {"id": id})
    return _row(r) if (r := found.one_or_none()) else None


async def find(session: Session, id: int) -> Proposal | None:
    """The proposal without what is sealed in it."""
    found = await session.execute(text(f"{_COLUMNS}{_FROM}WHERE p.id = :id"), {"id": id})
    return _row(r) if (r := found.one_or_none()) else None


async def waiting(session: Session) -> Sequence[Proposal]:
    """What waits for a second officer, what is real first, then the oldest; nothing sealed is read."""
    found = await session.execute(
        text(
            f"{_COLUMNS}{_FROM}WHERE p.state = 'proposed' AND p.lapses_at > now() "
            "ORDER BY p.status <> 'actual', p.created_at, p.id"
        )
    )
    return [_row(r) for r in found]


async def unanswered(session: Session, seconds: float) -> int:
    """How many actual ones have waited for so long; or, where the clock was set back meanwhile, nobody knows for how long."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM proposal WHERE state = 'proposed' AND status = 'actual' AND lapses_at > now() "
            "AND (created_at < now() - make_interval(secs => :seconds) OR created_at > now() + interval '10 seconds')"
        ),
        {"seconds": seconds},
    )
    return int(found.scalar_one())


async def unfinished(session: Session) -> Sequence[Proposal]:
    """What was sent back or has lapsed, and whose officer has neither taken it up again nor let it go."""
    found = await session.execute(
        text(
            f"{_COLUMNS}{_FROM}WHERE (p.state IN ('declined', 'lapsed') OR p.state = 'proposed' AND p.lapses_at <= now()) "
            "AND EXISTS (SELECT 1 FROM draft d WHERE d.account = a.name AND d.subject = 'proposal ' || p.id) "
            "ORDER BY p.status <> 'actual', p.id"
        )
    )
    return [_row(r) for r in found]


async def waiting_for_case(session: Session, case_number: str) -> int | None:
    """The actual one that waits for a case, if there is one."""
    found = await session.execute(
        text(
            "SELECT id FROM proposal WHERE case_number = :case AND status = 'actual' AND state = 'proposed' "
            "AND lapses_at > now()"
        ),
        {"case": case_number},
    )
    return found.scalar_one_or_none()


async def decide(
    session: Session,
    id: int,
    state: ProposalState,
    by: str,
    *,
    reason_sealed: bytes | None = None,
    alert_id: int | None = None,
) -> None:
    """It no longer waits, and what was sealed in it is gone."""
    await session.execute(
        update(t.proposal)
        .where(t.proposal.c.id == id)
        .values(
            state=state, decided_at=text("now()"), decided_by=by, reason_sealed=reason_sealed, alert_id=alert_id,
            sealed=None, photo_sealed=None,
        )
    )  # fmt: skip


async def overdue(session: Session) -> Sequence[int]:
    """Those that have waited too long."""
    found = await session.execute(
        text("SELECT id FROM proposal WHERE state = 'proposed' AND lapses_at <= now() ORDER BY id")
    )
    return [r.id for r in found]
