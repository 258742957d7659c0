"""Outlets and partners as the people look them up: found, paged, each with its health. Thousands of outlets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.db.engine import Session

Row = Mapping[str, Any]

RECENT = 20
"""Deliveries of an outlet that its health is read from."""


@dataclass(frozen=True, slots=True)
class Sought:
    """``words`` stand in the names of outlet or partner; ``state`` is one of ``STATES``."""

    words: str = ""
    state: str = ""
    channel: str = ""
    partner: int | None = None


_SILENT = (
    "(o.lane = 'polled' AND NOT o.paused AND coalesce(s.seen_at, o.created_at) "
    "< now() - make_interval(mins => p.silent_minutes))"
)
STATES: Mapping[str, str] = {
    "quarantined": "o.quarantined_at IS NOT NULL",
    "failing": "o.failures > 0 AND o.quarantined_at IS NULL",
    "silent": _SILENT,
    "paused": "o.paused",
    "untested": "NOT o.takes_tests",
}
_FROM = "FROM outlet o JOIN partner p ON p.id = o.partner_id LEFT JOIN presence s ON s.partner_id = p.id"
_WHERE = (
    "(CAST(:words AS text) = '' OR NOT EXISTS (SELECT 1 FROM unnest(string_to_array(:words, ' ')) word "
    "WHERE strpos(lower(o.name || ' ' || p.name || ' ' || o.id), lower(word)) = 0)) "
    "AND (CAST(:channel AS text) = '' OR o.channel = :channel) "
    "AND (CAST(:partner AS bigint) IS NULL OR o.partner_id = :partner)"
)
_HEALTH = f"""
SELECT o.id, o.name, o.channel, o.carrier, o.lane, o.paused, o.failures, o.failing_since, o.quarantined_at, o.probe_at,
  o.trouble, o.heard_at, p.id AS partner_id, p.name AS partner, p.phone, s.seen_at, {_SILENT} AS silent,
  greatest(ok.at, tried.ok_at) AS well_at, coalesce(ok.seconds * 1000, tried.milliseconds) AS milliseconds,
  bad.at AS ill_at, bad.reason AS ill_reason, bad.detail AS ill_detail
{_FROM} LEFT JOIN LATERAL (
  SELECT max(d.accepted_at) AS at, (array_agg(extract(epoch FROM a.finished_at - a.started_at)::float
    ORDER BY a.id DESC) FILTER (WHERE a.outcome = 'accepted'))[1] AS seconds
  FROM (SELECT id, accepted_at FROM delivery WHERE outlet_id = o.id ORDER BY id DESC LIMIT {RECENT}) d
  LEFT JOIN attempt a ON a.delivery_id = d.id) ok ON true
LEFT JOIN LATERAL (
  SELECT a.finished_at AS at, a.reason, a.detail
  FROM (SELECT id FROM delivery WHERE outlet_id = o.id ORDER BY id DESC LIMIT {RECENT}) d
  JOIN attempt a ON a.delivery_id = d.id WHERE a.outcome <> 'accepted' ORDER BY a.id DESC LIMIT 1) bad ON true
LEFT JOIN LATERAL (
  SELECT max(t.at) AS ok_at, (array_agg(t.milliseconds ORDER BY t.id DESC))[1] AS milliseconds
  FROM trial t WHERE t.outlet_id = o.id AND t.outcome = 'accepted') tried ON true
"""


async def count(session: Session, sought: Sought) -> Mapping[str, int]:
    """How many outlets there are in all (``""``) and in each state, among those that are sought in whatever state."""
    each = ", ".join(f"count(*) FILTER (WHERE {said}) AS {name}" for name, said in STATES.items())
    found = await session.execute(text(f"SELECT count(*) AS every, {each} {_FROM} WHERE {_WHERE}"), _asked(sought))
    row = dict(found.one()._mapping)
    return {"": row.pop("every"), **row}


async def outlets(session: Session, sought: Sought, *, skip: int, limit: int) -> Sequence[Row]:
    """A page of them with their health, the troubled first."""
    state = STATES.get(sought.state, "true")
    chosen = (
        f"SELECT o.id {_FROM} WHERE {_WHERE} AND {state} "
        "ORDER BY o.quarantined_at IS NULL, o.failures = 0, p.name, o.name, o.id LIMIT :limit OFFSET :skip"
    )
    found = await session.execute(
        text(f"{_HEALTH} WHERE o.id IN ({chosen}) ORDER BY o.quarantined_at IS NULL, o.failures = 0, p.name, o.name, o.id"),
        {**_asked(sought), "skip": skip, "limit": limit},
    )  # fmt: skip
    return [dict(r._mapping) for r in found]


def _asked(sought: Sought) -> dict[str, Any]:
    return {"words": " ".join(sought.words.split()), "channel": sought.channel, "partner": sought.partner}


async def outlet(session: Session, id: int) -> Row | None:
    """One of them: its health, and everything that was stated of it, without secrets."""
    health = (await session.execute(text(f"{_HEALTH} WHERE o.id = :id"), {"id": id})).one_or_none()
    if health is None:
        return None
    stated = await session.execute(
        text(
            "SELECT retracts, proves, settings_shown, lon, lat, codes, panel, duty, takes_exercises, takes_tests, "
            "receipt_minutes, created_at, updated_at FROM outlet WHERE id = :id"
        ),
        {"id": id},
    )
    return {**health._mapping, **stated.one()._mapping}


async def history(session: Session, outlet_id: int, limit: int) -> Sequence[Row]:
    """Its newest deliveries, each with its last attempt and receipt. Names no child."""
    found = await session.execute(
        text(
            "SELECT d.id, al.code, al.status, d.number, d.kind, d.state, d.tries, d.reason, d.detail, d.created_at, "
            "d.accepted_at, d.confirmed_at, r.kind AS receipt, r.at AS receipt_at "
            "FROM delivery d JOIN alert al ON al.id = d.alert_id LEFT JOIN LATERAL (SELECT kind, at FROM receipt "
            "WHERE delivery_id = d.id ORDER BY id DESC LIMIT 1) r ON true "
            "WHERE d.outlet_id = :outlet ORDER BY d.id DESC LIMIT :limit"
        ),
        {"outlet": outlet_id, "limit": limit},
    )
    return [dict(r._mapping) for r in found]


async def partners(session: Session, words: str, *, skip: int, limit: int) -> Sequence[Row]:
    """A page of partners by name, and how many there are in all (``total``)."""
    found = await session.execute(
        text(
            "SELECT p.id, p.name, p.phone, p.silent_minutes, s.seen_at, count(*) OVER () AS total, "
            "(SELECT count(*) FROM outlet o WHERE o.partner_id = p.id) AS outlets, "
            "(SELECT count(*) FROM outlet o WHERE o.partner_id = p.id AND o.quarantined_at IS NOT NULL) AS quarantined, "
            "(SELECT count(*) FROM api_key k WHERE k.partner_id = p.id AND k.revoked_at IS NULL) AS keys, "
            f"EXISTS (SELECT 1 FROM outlet o WHERE o.partner_id = p.id AND {_SILENT}) AS silent "
            "FROM partner p LEFT JOIN presence s ON s.partner_id = p.id WHERE CAST(:words AS text) = '' OR NOT EXISTS "
            "(SELECT 1 FROM unnest(string_to_array(:words, ' ')) word WHERE strpos(lower(p.name), lower(word)) = 0) "
            "ORDER BY p.name LIMIT :limit OFFSET :skip"
        ),
        {"words": " ".join(words.split()), "skip": skip, "limit": limit},
    )
    return [dict(r._mapping) for r in found]


async def partner(session: Session, id: int) -> Row | None:
    """One of them, with its keys (without their secrets), the newest first."""
    found = await session.execute(
        text(
            "SELECT p.id, p.name, p.phone, p.silent_minutes, p.at_once, s.seen_at, "
            "(SELECT count(*) FROM outlet o WHERE o.partner_id = p.id) AS outlets, "
            f"EXISTS (SELECT 1 FROM outlet o WHERE o.partner_id = p.id AND {_SILENT}) AS silent "
            "FROM partner p LEFT JOIN presence s ON s.partner_id = p.id WHERE p.id = :id"
        ),
        {"id": id},
    )
    if (row := found.one_or_none()) is None:
        return None
    keys = await session.execute(
        text("SELECT id, live, label, created_at, revoked_at FROM api_key WHERE partner_id = :id ORDER BY created_at DESC"),
        {"id": id},
    )  # fmt: skip
    return {**row._mapping, "keys": [dict(k._mapping) for k in keys]}


async def partner_names(session: Session) -> Sequence[tuple[int, str]]:
    """Every partner, by name."""
    return [(r.id, r.name) for r in await session.execute(text("SELECT id, name FROM partner ORDER BY name"))]


async def set_partner(session: Session, id: int, phone: str, silent_minutes: int) -> None:
    await session.execute(
        text("UPDATE partner SET phone = :phone, silent_minutes = :minutes WHERE id = :id"),
        {"id": id, "phone": phone, "minutes": silent_minutes},
    )
