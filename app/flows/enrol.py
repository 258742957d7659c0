"""Enrol partners and outlets: what is wrong is said for each outlet, and nothing is half enrolled."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from app.db import deliveries, moving, outlets
from app.db.engine import Session
from app.domain.errors import Fault, Invalid
from app.domain.geo import Datum, Point, to_wgs84
from app.domain.regions import known_area
from app.flows.move import Moved, faults_of_moving, leads_elsewhere
from app.flows.ports import Seal, Wirer


@dataclass(frozen=True, slots=True)
class Face:
    """Pixels, and full-width characters × lines at once. See ``channels.contract.Panel``."""

    width: int | None = None
    height: int | None = None
    columns: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class AirDuty:
    """See ``channels.contract.Duty``."""

    exclusive_minutes: int | None = None
    repeat_every_minutes: int | None = None
    until_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """One outlet as its owner describes it. ``lon``/``lat`` in degrees of ``datum``; ``codes`` are the GB/T 2260 areas
    it serves; ``receipt_minutes`` is how long its receipt may take before it counts as overdue."""

    name: str
    channel: str
    carrier: str
    settings: Mapping[str, Any]
    lon: float | None = None
    lat: float | None = None
    datum: Datum = "WGS84"
    codes: tuple[str, ...] = ()
    panel: Face = field(default_factory=Face)
    duty: AirDuty = field(default_factory=AirDuty)
    takes_exercises: bool = False
    takes_tests: bool = False
    receipt_minutes: int = 5


def profile_key(channel: str, panel: Mapping[str, Any], duty: Mapping[str, Any]) -> str:
    """Outlets with the same key are given the same rendition."""
    said = orjson.dumps([channel, dict(panel), dict(duty)], option=orjson.OPT_SORT_KEYS)
    return f"{channel}:{hashlib.sha256(said).hexdigest()[:16]}"


def _faults(a: Application) -> list[Fault]:
    faults = []
    if (a.lon is None) != (a.lat is None):
        faults.append(Fault("/place", "half_a_place", "经度和纬度须同时填写。", "Give both lon and lat, or neither."))
    if a.lon is None and not a.codes:
        faults.append(
            Fault(
                "/codes", "no_coverage", "须填写位置或服务区划，否则不知道何时该发给它。", "Give a place or area codes."
            )
        )
    for i, code in enumerate(a.codes):
        if not known_area(code):
            faults.append(
                Fault(
                    f"/codes/{i}", "unknown_area", f"区划代码 {code} 不在表中。", f"Unknown GB/T 2260 area code {code}."
                )
            )
    if not 1 <= a.receipt_minutes <= 1440:
        faults.append(
            Fault("/receipt_minutes", "out_of_range", "回执时限须为 1 至 1440 分钟。", "receipt_minutes is 1 to 1440.")
        )
    return faults


@dataclass(frozen=True, slots=True)
class Saved:
    """``moved``: it was enrolled before, and is called at another place now."""

    id: int
    moved: Moved | None


async def enrol(
    session: Session, partner_id: int, a: Application, *, wire: Wirer, seal: Seal, settled: Collection[str] = ()
) -> int:
    """Save an outlet, new or by its name; returns its id. ``settled``: numbers of alerts that are no longer up at its old
    place, or it is the same place. Raises Invalid with every fault."""
    saved = await save(session, partner_id, a, wire=wire, seal=seal)
    await check_move(session, saved, settled)
    return saved.id


async def check_move(session: Session, saved: Saved, settled: Collection[str]) -> None:
    """The last act but the commit. Raises Invalid."""
    if saved.moved and (up := await faults_of_moving(session, [saved.moved], settled)):
        raise Invalid(list(up.values()))


async def save(session: Session, partner_id: int, a: Application, *, wire: Wirer, seal: Seal) -> Saved:
    """As ``enrol``, but for what ``faults_of_moving`` says of it: whoever saves many asks at the end."""
    faults = _faults(a)
    try:
        wiring = wire(a.channel, a.carrier, a.settings)
    except Invalid as e:
        raise Invalid([*faults, *e.faults]) from None
    if faults:
        raise Invalid(faults)
    point = to_wgs84(Point(a.lon, a.lat), a.datum) if a.lon is not None and a.lat is not None else None
    panel, duty = asdict(a.panel), asdict(a.duty)
    before = await moving.standing(session, partner_id, a.name)
    id = await outlets.save(
        session,
        partner_id=partner_id, name=a.name, channel=a.channel, carrier=a.carrier, lane=wiring.lane,
        retracts=wiring.retracts, proves=wiring.proves, settings_sealed=seal.close(orjson.dumps(wiring.kept)),
        settings_shown=dict(wiring.shown), lon=point.lon if point else None, lat=point.lat if point else None,
        codes=list(a.codes), panel=panel, duty=duty, profile=profile_key(a.channel, panel, duty),
        takes_exercises=a.takes_exercises, takes_tests=a.takes_tests, receipt_minutes=a.receipt_minutes,
    )  # fmt: skip
    await deliveries.follow_outlets(session, id)
    if before is None or not leads_elsewhere(before, wiring.place, wire=wire, seal=seal):
        return Saved(id, None)
    return Saved(id, Moved(id, before.lane))
