"""Partners and their outlets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import tables as t
from app.db.engine import Session
from app.domain.geo import Point
from app.domain.routing import OutletFacts
from app.domain.words import Lane

SLOW_COMMIT = timedelta(minutes=2)
"""``updated_at`` is when a transaction began, or when ``touch`` was called; it must commit within this time after it, or it is
told of a live alert only when the alert's circle grows."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An outlet as the dispatcher needs it. ``sealed`` holds the carrier's settings, encrypted."""

    id: int
    partner_id: int
    name: str
    channel: str
    carrier: str
    profile: str
    panel: Mapping[str, Any]
    duty: Mapping[str, Any]
    sealed: bytes
    takes_exercises: bool
    takes_tests: bool


_ENROLLED = (
    t.outlet.c.id, t.outlet.c.partner_id, t.outlet.c.name, t.outlet.c.channel, t.outlet.c.carrier, t.outlet.c.profile,
    t.outlet.c.panel, t.outlet.c.duty, t.outlet.c.settings_sealed, t.outlet.c.takes_exercises,
    t.outlet.c.takes_tests,
)  # fmt: skip


def _enrolled(r: Any) -> Enrolled:
    return Enrolled(
        r.id,
        r.partner_id,
        r.name,
        r.channel,
        r.carrier,
        r.profile,
        r.panel,
        r.duty,
        bytes(r.settings_sealed),
        r.takes_exercises,
        r.takes_tests,
    )


async def add_partner(
    session: Session, name: str, phone: str, *, silent_minutes: int | None = None, at_once: int | None = None
) -> int:
    """The partner of that name, made or given a new phone number and, when stated, a new time that it may be silent and a
    new bound on what it is sent at once; returns its id."""
    stated = {"silent_minutes": silent_minutes, "at_once": at_once}
    facts = {"phone": phone} | {column: value for column, value in stated.items() if value is not None}
    statement = upsert(t.partner).values(name=name, **facts)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_=facts)
    return int((await session.execute(statement.returning(t.partner.c.id))).scalar_one())


async def partner_id(session: Session, name: str) -> int | None:
    found = await session.execute(select(t.partner.c.id).where(t.partner.c.name == name))
    return found.scalar_one_or_none()


async def save(session: Session, **values: Any) -> int:
    """Enrol an outlet, or replace what is known of the partner's outlet of that name; returns its id."""
    statement = upsert(t.outlet).values(**values)
    changed = {c: statement.excluded[c] for c in values if c not in ("partner_id", "name")}
    statement = statement.on_conflict_do_update(
        index_elements=["partner_id", "name"], set_=changed | {"updated_at": text("now()")}
    )
    return int((await session.execute(statement.returning(t.outlet.c.id))).scalar_one())


async def touch(session: Session, ids: Sequence[int]) -> None:
    """They have changed just now, not when this transaction began: the last that a long one does."""
    await session.execute(
        update(t.outlet)
        .where(t.outlet.c.id == any_(cast(list(ids), ARRAY(BigInteger))))
        .values(updated_at=func.clock_timestamp())
    )


async def facts(session: Session) -> Sequence[OutletFacts]:
    """Every outlet as routing sees it."""
    return [_facts(r) for r in (await session.execute(select(*_FACTS).order_by(t.outlet.c.id))).all()]


def _changed_since_sweep(alert_id: int) -> ColumnElement[bool]:
    """Enrolled or edited since the alert was last swept, or a little before."""
    swept = select(t.alert.c.swept_at - SLOW_COMMIT).where(t.alert.c.id == alert_id).scalar_subquery()
    return t.outlet.c.updated_at > swept


async def any_changed_since_sweep(session: Session, alert_id: int) -> bool:
    """Whether there is anything that ``untold`` would have to look at."""
    found = await session.execute(select(select(t.outlet.c.id).where(_changed_since_sweep(alert_id)).exists()))
    return bool(found.scalar_one())


async def untold(session: Session, alert_id: int, number: int, *, changed: bool) -> Sequence[OutletFacts]:
    """Outlets that have no delivery of this notice, as routing sees them; ``changed``: only those that were enrolled or edited
    since the alert was last swept."""
    told = select(t.delivery.c.id).where(
        t.delivery.c.alert_id == alert_id, t.delivery.c.number == number, t.delivery.c.outlet_id == t.outlet.c.id
    )
    wanted = select(*_FACTS).where(~told.exists()).order_by(t.outlet.c.id)
    if changed:
        wanted = wanted.where(_changed_since_sweep(alert_id))
    return [_facts(r) for r in (await session.execute(wanted)).all()]


_FACTS = (
    t.outlet.c.id, t.outlet.c.takes_exercises, t.outlet.c.takes_tests, t.outlet.c.paused, t.outlet.c.lon, t.outlet.c.lat,
    t.outlet.c.codes,
)  # fmt: skip


def _facts(r: Any) -> OutletFacts:
    point = Point(r.lon, r.lat) if r.lon is not None else None
    return OutletFacts(r.id, r.takes_exercises, r.takes_tests, r.paused, point, tuple(r.codes))


async def enrolled(session: Session, ids: Sequence[int]) -> Mapping[int, Enrolled]:
    found = await session.execute(
        select(*_ENROLLED).where(t.outlet.c.id == any_(cast(list(set(ids)), ARRAY(BigInteger))))
    )
    return {r.id: _enrolled(r) for r in found.all()}


async def locked(session: Session, id: int) -> Enrolled | None:
    """The outlet, its settings not to be changed by anybody else meanwhile."""
    found = await session.execute(select(*_ENROLLED).where(t.outlet.c.id == id).with_for_update(key_share=True))
    return _enrolled(r) if (r := found.one_or_none()) else None


async def lane(session: Session, id: int) -> Lane:
    """Who moves this outlet's deliveries."""
    return Lane((await session.execute(select(t.outlet.c.lane).where(t.outlet.c.id == id))).scalar_one())


async def set_settings(session: Session, id: int, sealed: bytes, shown: Mapping[str, Any]) -> None:
    """Other settings on the same wire."""
    values = {"settings_sealed": sealed, "settings_shown": shown, "updated_at": text("now()")}
    await session.execute(update(t.outlet).where(t.outlet.c.id == id).values(**values))


Profiles = Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]]
"""Channel, panel and duty of each distinct profile."""


async def profiles(session: Session, ids: Sequence[int]) -> Profiles:
    """The profiles among these outlets."""
    found = await session.execute(
        text(
            "SELECT DISTINCT ON (profile) profile, channel, panel, duty FROM outlet "
            "WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY profile"
        ),
        {"ids": list(ids)},
    )
    return {r.profile: (r.channel, r.panel, r.duty) for r in found.all()}


async def by_name(session: Session, name: str, partner: str | None = None) -> Enrolled | None:
    """The outlet with this name or this number; of any partner, or of the one that is named."""
    where = t.outlet.c.id == int(name) if name.isdecimal() else t.outlet.c.name == name
    chosen = select(*_ENROLLED).join_from(t.outlet, t.partner).where(where)
    if partner is not None:
        chosen = chosen.where(t.partner.c.name == partner)
    found = await session.execute(chosen.order_by(t.outlet.c.id).limit(1))
    return _enrolled(r) if (r := found.one_or_none()) else None


async def listing(
    session: Session, partner_id: int | None = None, *, after: int = 0, limit: int | None = None
) -> Sequence[Mapping[str, Any]]:
    """Outlets as an operator, or the partner that owns them, may see them: settings without their secrets."""
    o, p = t.outlet.c, t.partner.c
    chosen = (
        select(
            o.id, p.name.label("partner"), p.phone, o.name, o.channel, o.carrier, o.settings_shown, o.lon, o.lat, o.codes,
            o.takes_exercises, o.takes_tests, o.paused, o.receipt_minutes, o.heard_at, o.failures, o.failing_since,
            o.quarantined_at, o.probe_at, o.trouble,
        )
        .join_from(t.outlet, t.partner)
        .where(o.id > after)
        .order_by(o.id)
        .limit(limit)
    )  # fmt: skip
    found = await session.execute(chosen if partner_id is None else chosen.where(o.partner_id == partner_id))
    return [dict(r._mapping) for r in found.all()]


async def sealed_of(session: Session, carrier: str) -> Mapping[int, bytes]:
    """The sealed settings of the outlets on a carrier."""
    o = t.outlet.c
    found = await session.execute(select(o.id, o.settings_sealed).where(o.carrier == carrier).order_by(o.id))
    return {r.id: bytes(r.settings_sealed) for r in found.all()}


async def edition(session: Session, carrier: str) -> object:
    """Equal as long as no outlet on this carrier is enrolled, changed or goes to another carrier. A sum, for of two edits
    the earlier one may be committed later."""
    o = t.outlet.c
    changes = func.sum(func.extract("epoch", o.updated_at))
    return tuple((await session.execute(select(func.count(), changes).where(o.carrier == carrier))).one())


async def at_work(session: Session, carrier: str) -> Mapping[int, bytes]:
    """The outlets of a carrier that are not paused, with their sealed settings."""
    o = t.outlet.c
    found = await session.execute(select(o.id, o.settings_sealed).where(o.carrier == carrier, ~o.paused))
    return {id: bytes(sealed) for id, sealed in found.all()}


async def heard(session: Session, id: int) -> None:
    """Its far end has shown that it is there. Not an edit: nobody need look at the outlet anew."""
    await session.execute(update(t.outlet).where(t.outlet.c.id == id).values(heard_at=text("now()")))


async def came_and_went(session: Session, gone: Mapping[int, datetime | None]) -> None:
    """When each of them vanished; ``None``: it is there."""
    ids = sorted(gone)
    await session.execute(
        text(
            "UPDATE outlet o SET gone_at = s.gone_at, "
            "heard_at = CASE WHEN s.gone_at IS NULL THEN now() ELSE o.heard_at END "
            "FROM unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[])) AS s(id, gone_at) WHERE o.id = s.id"
        ),
        {"ids": ids, "times": [gone[id] for id in ids]},
    )


async def paused_of(session: Session, partner_id: int) -> Sequence[tuple[OutletFacts, str]]:
    """The partner's paused outlets as routing sees them, with their names."""
    o = t.outlet.c
    found = await session.execute(select(o.name, *_FACTS).where(o.partner_id == partner_id, o.paused).order_by(o.id))
    return [(_facts(r), r.name) for r in found.all()]


async def set_paused(session: Session, id: int, paused: bool) -> bool:
    """Returns whether that changed anything."""
    o = t.outlet
    done = await session.execute(
        update(o).where(o.c.id == id, o.c.paused != paused).values(paused=paused, updated_at=text("now()"))
    )
    return bool(done.rowcount)


async def lock(session: Session, id: int) -> None:
    """Whoever changes an outlet's settings does it alone."""
    await session.execute(select(t.outlet.c.id).where(t.outlet.c.id == id).with_for_update(key_share=True))


async def named(session: Session, partner_id: int, name: str) -> bool:
    """Whether the partner has an outlet of that name."""
    o = t.outlet.c
    found = await session.execute(select(o.id).where(o.partner_id == partner_id, o.name == name))
    return found.scalar_one_or_none() is not None
