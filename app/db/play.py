"""What a screen that opens its own page may show: links by the hash of their token, and the outlet's own notices."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text, update

from app.db import tables as t
from app.db.deliveries import Attempted, Took
from app.db.engine import Session
from app.db.feed import STANDING
from app.domain.words import Lane


@dataclass(frozen=True, slots=True)
class Player:
    """An outlet that plays for itself. ``settings`` hold no secret."""

    outlet_id: int
    partner_id: int
    settings: Mapping[str, Any]


async def add_link(session: Session, outlet_id: int, token_hash: bytes) -> bool:
    """False for an outlet that does not play for itself."""
    done = await session.execute(
        text(
            "INSERT INTO player (token_hash, outlet_id) SELECT :hash, id FROM outlet WHERE id = :id AND lane = 'played'"
        ),
        {"hash": token_hash, "id": outlet_id},
    )
    return done.rowcount == 1


async def revoke_links(session: Session, outlet_id: int) -> int:
    """How many there were."""
    p = t.player.c
    done = await session.execute(
        update(t.player).where(p.outlet_id == outlet_id, p.revoked_at.is_(None)).values(revoked_at=text("now()"))
    )
    return done.rowcount


async def find(session: Session, token_hash: bytes) -> Player | None:
    """Whose link it is; ``None`` when it is none, was revoked, or its outlet has gone to another wire."""
    found = await session.execute(
        text(
            "SELECT o.id, o.partner_id, o.settings_shown FROM player p JOIN outlet o ON o.id = p.outlet_id "
            "WHERE p.token_hash = :hash AND p.revoked_at IS NULL AND o.lane = 'played'"
        ),
        {"hash": token_hash},
    )
    return Player(r.id, r.partner_id, r.settings_shown) if (r := found.one_or_none()) else None


async def listing(session: Session) -> Sequence[Mapping[str, Any]]:
    """Every outlet that plays for itself, with how many links open it and when its page last asked."""
    found = await session.execute(
        text(
            "SELECT o.id, w.name AS partner, o.name, o.heard_at, count(p.token_hash) FILTER (WHERE p.revoked_at IS NULL) "
            "AS links FROM outlet o JOIN partner w ON w.id = o.partner_id LEFT JOIN player p ON p.outlet_id = o.id "
            "WHERE o.lane = 'played' GROUP BY o.id, w.name ORDER BY o.id"
        )
    )
    return [dict(r._mapping) for r in found]


@dataclass(frozen=True, slots=True)
class Turn:
    """Of two answers the one with the higher ``number`` knows more, whatever ``at`` says: a clock may be set back."""

    number: int
    at: datetime


async def turn(session: Session, outlet_id: int) -> Turn:
    """Wait until nobody else asks for this outlet; until the transaction ends nobody will. What is read from now on is true
    of this moment or later."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('play', :outlet))"), {"outlet": outlet_id}
    )
    found = (await session.execute(text("SELECT nextval('player_turn') AS number, clock_timestamp() AS at"))).one()
    return Turn(found.number, found.at)


_WAITS = f"d.lane = 'played' AND d.state = 'pending' AND {STANDING}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A delivery that the page is given, or is to be given."""

    id: int
    alert_id: int
    number: int
    profile: str


async def waiting(session: Session, outlet_id: int) -> Sequence[Shown]:
    """What the outlet has not taken yet."""
    found = await session.execute(
        text(
            "SELECT d.id, d.alert_id, d.number, d.profile FROM delivery d JOIN alert a ON a.id = d.alert_id "
            f"WHERE d.outlet_id = :outlet AND {_WAITS} ORDER BY d.id"
        ),
        {"outlet": outlet_id},
    )
    return [Shown(*r) for r in found]


_TAKE = text(
    f"""
WITH fresh AS (
  SELECT d.id, d.accepted_at IS NULL AS takes FROM delivery d JOIN alert a ON a.id = d.alert_id
  WHERE d.id = ANY(CAST(:ids AS bigint[])) AND {_WAITS}
  ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
), taken AS (
  UPDATE delivery d SET state = 'accepted', tries = d.tries + 1, accepted_at = now() FROM fresh WHERE d.id = fresh.id
  RETURNING d.id, d.alert_id, d.number, d.outlet_id, d.tries, d.kind,
    CASE WHEN fresh.takes THEN extract(epoch FROM now() - d.created_at)::float END AS seconds
), tried AS (
  INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, worker)
  SELECT id, outlet_id, tries, 'played', now(), now(), 'accepted', 'player' FROM taken
)
SELECT a.code, taken.kind, taken.seconds, taken.id, taken.alert_id, taken.number, taken.outlet_id, o.carrier, taken.tries
FROM taken JOIN alert a ON a.id = taken.alert_id JOIN outlet o ON o.id = taken.outlet_id
"""
)


class Given(NamedTuple):
    """The alerts that were given, each delivery of them, and what was accepted with it."""

    codes: Sequence[str]
    given: Sequence[Attempted]
    accepted: Sequence[Took]


async def take(session: Session, ids: Collection[int]) -> Given:
    """Mark those of these that still wait as accepted: from here on they may be on."""
    found = (await session.execute(_TAKE, {"ids": list(ids)})).all()
    given = [Attempted(r.id, r.alert_id, r.number, r.outlet_id, r.carrier, r.tries) for r in found]
    accepted = [(r.kind, Lane.PLAYED, r.seconds) for r in found if r.seconds is not None]
    return Given(sorted({r.code for r in found}), given, accepted)


async def shown(session: Session, outlet_id: int) -> Sequence[Shown]:
    """What is live there and was taken, and the ends of what was; an end that was confirmed is told of for ten minutes
    more, for a second page on the same link."""
    found = await session.execute(
        text(
            "SELECT d.id, d.alert_id, d.number, d.profile FROM alert a "
            "JOIN delivery d ON d.alert_id = a.id AND d.number = a.head AND d.outlet_id = :outlet "
            "WHERE (a.state = 'active' OR a.ended_at > now() - interval '30 days') "
            f"AND d.state IN ('accepted', 'confirmed') AND {STANDING} "
            "AND (d.kind <> 'retract' OR d.state = 'accepted' OR a.ended_at > now() - interval '10 minutes') ORDER BY d.id"
        ),
        {"outlet": outlet_id},
    )
    return [Shown(*r) for r in found]


async def own(session: Session, outlet_id: int, ids: Collection[int]) -> frozenset[int]:
    """Which of these deliveries are the outlet's."""
    found = await session.execute(
        text("SELECT id FROM delivery WHERE outlet_id = :outlet AND id = ANY(CAST(:ids AS bigint[]))"),
        {"outlet": outlet_id, "ids": list(ids)},
    )
    return frozenset(found.scalars())


async def saw(session: Session, outlet_id: int) -> None:
    """Its page has asked. Written every ten seconds at most, and not while somebody holds the outlet's row: an import does for
    as long as its list is, and no end waits for that."""
    await session.execute(
        text(
            "UPDATE outlet SET heard_at = now() WHERE id = (SELECT id FROM outlet WHERE id = :id "
            "AND (heard_at IS NULL OR heard_at < now() - interval '10 seconds') FOR NO KEY UPDATE SKIP LOCKED)"
        ),
        {"id": outlet_id},
    )
