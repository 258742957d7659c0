"""Deliveries that the partner they belong to asks for: to read them, or to be told again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.db.engine import Session
from app.domain.words import DeliveryState, Kind, Lane, Status


@dataclass(frozen=True, slots=True)
class Known:
    """A delivery as the partner that it belongs to may ask for it. ``newest``: no newer notice of the alert exists, and it
    is in force. ``sending``: an attempt is under way."""

    id: int
    alert_id: int
    code: str
    number: int
    kind: Kind
    status: Status
    lane: Lane
    state: DeliveryState
    outlet_id: int
    profile: str
    newest: bool
    sending: bool


_KNOWN = (
    "SELECT d.id, d.alert_id, a.code, d.number, d.kind, a.status, d.lane, d.state, d.outlet_id, d.profile, "
    "d.number = a.head AND (d.kind = 'retract' OR a.expires_at > now()) AS newest, d.lease_until IS NOT NULL AS sending "
    "FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id "
)


async def known(session: Session, id: int, partner_id: int | None, *, live: bool) -> Known | None:
    """One delivery of the partner (of any, when ``None``), locked; for a test key (not ``live``) none of an actual alert."""
    found = await session.execute(
        text(
            _KNOWN + "WHERE d.id = :id AND (CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner) "
            "AND (:live OR a.status <> 'actual') FOR UPDATE OF d"
        ),
        {"id": id, "partner": partner_id, "live": live},
    )
    return _known(r) if (r := found.one_or_none()) else None


async def alert_of(session: Session, id: int) -> int | None:
    """The alert that a delivery belongs to: it is locked before the delivery."""
    found = await session.execute(text("SELECT alert_id FROM delivery WHERE id = :id"), {"id": id})
    return found.scalar_one_or_none()


async def alerts_since(session: Session, outlet_id: int, since: datetime) -> Sequence[int]:
    """Alerts that ``missed_since`` may come to."""
    found = await session.execute(
        text(
            "SELECT DISTINCT d.alert_id FROM delivery d WHERE d.outlet_id = :outlet AND d.state <> 'superseded' "
            "AND (d.created_at >= :since OR d.accepted_at >= :since OR d.state IN ('pending', 'failed')) ORDER BY 1"
        ),
        {"outlet": outlet_id, "since": since},
    )
    return list(found.scalars())


async def missed_since(session: Session, outlet_id: int, since: datetime, *, live: bool) -> Sequence[Known]:
    """What is in force and was issued or taken by this outlet since then, or is undelivered; locked, oldest first."""
    found = await session.execute(
        text(
            _KNOWN
            + "WHERE d.outlet_id = :outlet AND d.number = a.head AND (d.kind = 'retract' OR a.expires_at > now()) "
            "AND (:live OR a.status <> 'actual') AND d.state <> 'superseded' "
            "AND (d.created_at >= :since OR d.accepted_at >= :since OR d.state IN ('pending', 'failed')) "
            "ORDER BY d.id FOR UPDATE OF d"
        ),
        {"outlet": outlet_id, "since": since, "live": live},
    )
    return [_known(r) for r in found]


def _known(r: Any) -> Known:
    return Known(
        r.id, r.alert_id, r.code, r.number, Kind(r.kind), Status(r.status), Lane(r.lane), DeliveryState(r.state),
        r.outlet_id, r.profile, r.newest, r.sending,
    )  # fmt: skip


async def was_read(session: Session, id: int) -> None:
    """The outlet has fetched what it says: from now on it may have aired."""
    await session.execute(text("UPDATE delivery SET heard = true WHERE id = :id AND NOT heard"), {"id": id})


async def of_notices(
    session: Session, partner_id: int, notices: Sequence[tuple[str, int]], outlets: Sequence[int], *, live: bool
) -> Sequence[tuple[int, str, int]]:
    """The partner's deliveries of these notices (alert and number), at these outlets or at all: delivery, alert, number."""
    found = await session.execute(
        text(
            "SELECT d.id, a.code, d.number FROM unnest(CAST(:codes AS text[]), CAST(:numbers AS int[])) AS n(code, number) "
            "JOIN alert a ON a.code = n.code JOIN delivery d ON d.alert_id = a.id AND d.number = n.number "
            "JOIN outlet o ON o.id = d.outlet_id WHERE o.partner_id = :partner AND (:live OR a.status <> 'actual') "
            "AND (cardinality(CAST(:outlets AS bigint[])) = 0 OR o.id = ANY(CAST(:outlets AS bigint[]))) ORDER BY d.id"
        ),
        {
            "codes": [code for code, _ in notices], "numbers": [number for _, number in notices], "partner": partner_id,
            "outlets": list(outlets), "live": live,
        },
    )  # fmt: skip
    return [(r.id, r.code, r.number) for r in found]
