"""A console's worst night: fifty alerts, ten thousand outlets, a hundred thousand deliveries with attempts and receipts."""

import csv
import random
from pathlib import Path

import orjson
from sqlalchemy import text

from app.db.engine import Session, transaction
from app.domain.geo import Point
from app.flows.house import House
from app.flows.submit import Picture
from tests.console_browser.portrait import portrait
from tests.making import make_alert, make_outlet

COUNTIES = Path(__file__).parent.parent / "app/domain/data/counties-nine-provinces.csv"
CHANNELS = ("screen",) * 50 + ("billboard",) * 20 + ("dingtalk",) * 15 + ("tv",) * 5 + ("radio",) * 5 + ("partner",) * 5
FAMILY, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙",
    ("子涵", "浩然", "雨桐", "欣怡", "宇轩", "梓萱", "思远", "嘉怡", "明", "小雨"),
)


async def seed(house: House, *, outlets: int = 10_000, alerts: int = 50, live: int = 50, wide: int = 1) -> list[str]:
    """``wide`` alerts reach every outlet, the others about a fifth of them (100,000 deliveries with the plain figures);
    all but ``live`` have ended. Returns the codes, the wide ones first."""
    dice = random.Random(7)
    first = await make_outlet(house, name="发布点-0")
    codes = []
    for n in range(alerts):
        name = dice.choice(FAMILY) + dice.choice(GIVEN)
        picture = Picture(portrait(n), "image/jpeg", 360, 468)
        codes.append(await make_alert(house, picture, minor__name=name, minor__sex=dice.choice(("male", "female"))))
    async with transaction(house.engine) as session:
        await _outlets(session, first, outlets, dice)
        await session.execute(text("DELETE FROM delivery"))
        for n, code in enumerate(codes):
            await _deliver(session, code, 1 if n < wide else 5.51, n)
        for code in codes[live:]:
            await _end(session, code)
    async with transaction(house.engine) as session:
        await session.execute(text("ANALYZE"))
    return codes


async def _outlets(session: Session, first: int, count: int, dice: random.Random) -> None:
    with COUNTIES.open(encoding="utf-8") as file:
        inside = [Point(float(r["lon"]), float(r["lat"])) for r in csv.DictReader(file) if r["code"].startswith("61")]
    rows = []
    for n in range(1, count):
        at = dice.choice(inside)
        rows.append(
            {"n": f"发布点-{n}", "c": dice.choice(CHANNELS), "p": f"协作单位{n % 200}", "x": at.lon + dice.gauss(0, 0.12),
             "y": at.lat + dice.gauss(0, 0.1), "v": dice.choice(("nothing", "received", "aired", "aired", "aired"))}
        )  # fmt: skip
    await session.execute(
        text(
            "INSERT INTO partner (name, phone) SELECT '协作单位' || n, '029-8' || 1000000 + n FROM generate_series(0, 199) n"
        )
    )
    await session.execute(
        text(
            "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
            "lon, lat, panel, duty, profile, takes_exercises, takes_tests) "
            "SELECT p.id, r.n, r.c, o.carrier, o.lane, o.retracts, r.v, o.settings_sealed, o.settings_shown, r.x, r.y, "
            "o.panel, o.duty, o.profile, true, true FROM jsonb_to_recordset(CAST(:rows AS jsonb)) "
            "AS r(n text, c text, p text, x float, y float, v text) JOIN partner p ON p.name = r.p, outlet o WHERE o.id = :first"
        ),
        {"rows": orjson.dumps(rows).decode(), "first": first},
    )


async def _deliver(session: Session, code: str, one_in: float, salt: int) -> None:
    """Six of ten on air, two received, the rest waiting, failed or overdue."""
    await session.execute(
        text(
            "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, tries, refusals, heard, "
            "due_at, give_up_at, accepted_at, confirmed_at, reason, detail, created_at) "
            "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, "
            "CASE WHEN h < 80 THEN 'confirmed' WHEN h < 90 THEN 'accepted' WHEN h < 94 THEN 'failed' ELSE 'pending' END, "
            "CASE WHEN h >= 97 THEN 0 ELSE 1 END, CASE WHEN h BETWEEN 90 AND 93 THEN 1 ELSE 0 END, h < 80, now(), a.expires_at, "
            "CASE WHEN h < 90 THEN now() - make_interval(secs => 1500 + h * 3) END, CASE WHEN h < 80 THEN now() END, "
            "CASE WHEN h BETWEEN 90 AND 93 THEN 'bad_credentials' END, CASE WHEN h BETWEEN 90 AND 93 THEN 'HTTP 401' END, "
            "now() - interval '30 min' "
            "FROM alert a CROSS JOIN (SELECT *, abs(hashint4(id::int + :salt)) % 100 AS h, "
            "abs(hashint4(id::int * 7 + :salt)) % 1000 AS pick FROM outlet) o WHERE a.code = :code AND o.pick < 1000 / :one_in"
        ),
        {"code": code, "one_in": one_in, "salt": salt},
    )
    await session.execute(
        text(
            "INSERT INTO attempt (delivery_id, outlet_id, number, lane, started_at, finished_at, outcome, reason, worker) "
            "SELECT d.id, d.outlet_id, 1, d.lane, d.created_at + interval '1 s', d.created_at + interval '2 s', "
            "CASE WHEN d.state = 'failed' THEN 'refused' ELSE 'accepted' END, d.reason, 'w' FROM delivery d "
            "JOIN alert a ON a.id = d.alert_id WHERE a.code = :code AND d.tries > 0"
        ),
        {"code": code},
    )
    await session.execute(
        text(
            "INSERT INTO receipt (delivery_id, partner_id, kind, at) SELECT d.id, o.partner_id, "
            "CASE WHEN d.id % 4 = 0 THEN 'received' ELSE 'aired' END, d.created_at + make_interval(secs => 3 + d.id % 240) "
            "FROM delivery d JOIN alert a ON a.id = d.alert_id JOIN outlet o ON o.id = d.outlet_id "
            "WHERE a.code = :code AND d.state = 'confirmed'"
        ),
        {"code": code},
    )


async def _end(session: Session, code: str) -> None:
    """Retracted a while ago; nine of ten are down."""
    await session.execute(
        text(
            "WITH ended AS (UPDATE alert SET state = 'retracted', head = 2, ended_at = now() - interval '10 min', "
            "ended_by = 'operator:值班员', end_reason = 'found' WHERE code = :code RETURNING id), "
            "said AS (INSERT INTO notice (alert_id, number, kind, body, issued_by, issued_at) SELECT n.alert_id, 2, 'retract', "
            'n.body || \'{"kind": "retract", "facts": null, "photo": null, "number": 2}\', \'operator:值班员\', '
            "now() - interval '10 min' FROM notice n JOIN ended ON ended.id = n.alert_id), "
            "down AS (INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, tries, due_at, "
            "give_up_at, accepted_at, created_at) SELECT d.alert_id, 2, d.outlet_id, 'retract', d.lane, d.profile, 0, "
            "CASE WHEN d.id % 10 = 0 THEN 'accepted' ELSE 'confirmed' END, 1, now(), now() + interval '1 day', "
            "now() - interval '9 min', now() - interval '10 min' FROM delivery d JOIN ended ON ended.id = d.alert_id "
            "WHERE d.tries > d.refusals RETURNING id, outlet_id, state) "
            "INSERT INTO receipt (delivery_id, partner_id, kind, at) SELECT down.id, o.partner_id, 'taken_down', "
            "now() - make_interval(secs => 400 + down.id % 190) FROM down JOIN outlet o ON o.id = down.outlet_id "
            "WHERE down.state = 'confirmed'"
        ),
        {"code": code},
    )
