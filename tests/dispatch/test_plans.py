"""How PostgreSQL goes about the statements of the queue, when it knows how many rows there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import TextClause, text

from app.db import claims, deliveries, settling
from app.db.claims import EVER, RANKS, Leases, Rank
from app.db.engine import transaction
from app.flows.house import House
from tests.dispatch.far import make_place, rows
from tests.making import make_alert

PLACES = 3000
VALUES = {
    "worker": "w", "carriers": ["dingtalk_robot"],
    "lease": "15 seconds", "leases": "{}", "room": 500, "only_retractions": False, "outlets": [1], "count": 20,
    "per": "1 minute", "reserve": 2, "bounded": True, "full": [7], "crammed": [], "under_way": '{"7": 500}',
    "priorities": [priority for priority, _ in RANKS], "tried": [tried for _, tried in RANKS], "since": [EVER] * len(RANKS),
    "own": [True] * len(RANKS), "nth": 0, "of": 1,
}  # fmt: skip


async def _alerted(house: House, places: int) -> None:
    """An alert for one place, and so many more places that have heard nothing of it."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(
        house,
        "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile) SELECT partner_id, 'p' || n, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile FROM outlet, generate_series(1, :n) n",
        n=places,
    )


async def _go_out(house: House) -> None:
    """To each place: half wait, half are being sent to."""
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, lease_until, due_at, "
        "give_up_at) SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, "
        "CASE o.id % 2 WHEN 0 THEN 'pending' ELSE 'sending' END, "
        "CASE o.id % 2 WHEN 1 THEN now() + interval '15 s' END, now(), now() + interval '1 day' "
        "FROM alert a, outlet o ON CONFLICT DO NOTHING",
    )


@pytest.fixture
async def busy(house: House) -> House:
    """Three thousand places: half wait, half are being sent to."""
    await _alerted(house, PLACES)
    await _go_out(house)
    await rows(house, "ANALYZE")
    return house


@pytest.fixture(params=["counted while they go out", "counted when an earlier notice was over"])
async def either(busy: House, request: pytest.FixtureRequest) -> House:
    """As busy; PostgreSQL has counted what there is either then, or, as mostly, before, when nothing waited."""
    if request.param == "counted when an earlier notice was over":
        await rows(busy, "UPDATE delivery SET state = 'accepted', lease_until = NULL, number = 0")
        await rows(busy, "ANALYZE")
        await _go_out(busy)
    return busy


async def _plan(house: House, statement: TextClause, how: str = "EXPLAIN") -> str:
    """As in a transaction that claims."""
    said = f"{how} {statement.text}"
    for name in ("lease", "per"):  # the driver makes an interval of them only where it knows that it is one
        said = said.replace(f"CAST(:{name} AS interval)", f"CAST(CAST(:{name} AS text) AS interval)")
    values = {name: value for name, value in VALUES.items() if f":{name}" in said}
    async with transaction(house.engine) as session:
        await claims.begin(session)
        return "\n".join(r[0] for r in await session.execute(text(said), values))


@pytest.mark.parametrize("statement", [claims._CLAIM, claims._CLAIM_PACED], ids=["push", "paced"])
async def test_a_claim_does_not_compare_what_waits_with_what_is_sent(busy: House, statement: TextClause) -> None:
    """Each delivery that waits is looked up in the index of live sends. A join of the two took seconds for a batch."""
    plan = await _plan(busy, statement)
    assert "delivery_one_live_send" in plan
    assert "Anti Join" not in plan


async def test_what_an_outlet_called_an_earlier_notice_is_looked_up_and_not_searched_for(busy: House) -> None:
    """Each delivery of a later notice asks. PostgreSQL up to 17 read all of the alert's for each: 14 s for a retraction."""
    await rows(busy, "UPDATE delivery SET reference = 'r' || id WHERE outlet_id % 100 = 0")
    await rows(busy, "ANALYZE delivery")
    assert "delivery_prior" in await _plan(busy, claims._CLAIM)


async def test_nothing_is_compiled(house: House) -> None:
    """A claim turns off what it does not want of the planner, which before PostgreSQL 18 makes every plan look so dear that it
    is compiled first: half a second for each claim."""
    assert "JIT" not in await _plan(house, claims._CLAIM, "EXPLAIN (ANALYZE)")
    assert [r.jit for r in await rows(house, "SHOW jit")] == ["off"]


MANY = 60_000


async def test_a_claim_reads_what_it_takes_and_no_more(house: House) -> None:
    """With many waiting and a long past, the queue's index gives the next ones in their order: nothing is sorted, and no
    table is read through."""
    await _alerted(house, MANY)
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, due_at, give_up_at) "
        "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, "
        "CASE WHEN o.id % 3 = 0 THEN 'pending' ELSE 'confirmed' END, now(), now() + interval '1 day' "
        "FROM alert a, outlet o ON CONFLICT DO NOTHING",
    )
    await rows(house, "ANALYZE")
    plan = await _plan(house, claims._CLAIM)
    inner = plan[plan.index("Limit") :]
    assert "Index Scan using delivery_due" in inner
    assert "Sort" not in inner
    assert "Seq Scan on delivery" not in plan
    assert "Tid Scan on delivery t" in plan, "what it takes is written where it was found"
    assert "Hash Join" not in plan
    assert "Merge Join" not in plan


PINNED = 20_000


async def test_behind_a_forgotten_begin_a_claim_reads_what_it_takes(house: House) -> None:
    """Somebody's snapshot keeps every version of what was once waiting. Rank by rank a claim begins at the low water."""
    await _alerted(house, PINNED)
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, due_at, give_up_at) "
        "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, 'pending', now() - interval '1 hour', "
        "now() + interval '1 day' FROM alert a, outlet o ON CONFLICT DO NOTHING",
    )
    async with house.engine.connect() as forgotten:
        await forgotten.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await forgotten.execute(text("SELECT 1"))
        await rows(house, "UPDATE delivery SET state = 'accepted' WHERE due_at < now() - interval '1 minute'")
        await rows(
            house, "UPDATE delivery SET state = 'pending', due_at = now() WHERE id = (SELECT max(id) FROM delivery)"
        )
        async with transaction(house.engine) as session:
            since = await claims.low_water(session)
        assert await _buffers(house, since) < await _buffers(house, dict.fromkeys(RANKS, EVER)) / 3


async def _buffers(house: House, since: Mapping[Rank, datetime]) -> int:
    """How many a claim reads, and takes back what it took."""
    explain = claims._CLAIM.text.replace("CAST(:lease AS interval)", "CAST(CAST(:lease AS text) AS interval)")
    values = VALUES | {"since": [since[rank] for rank in RANKS], "bounded": False}
    values = {name: value for name, value in values.items() if f":{name}" in explain}
    async with house.engine.connect() as session:
        await claims.begin(session)
        found = await session.execute(text("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + explain), values)
        plan = found.scalar_one()[0]["Plan"]
        await session.rollback()
    assert plan["Actual Rows"] > 0
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def test_a_low_water_leaves_nothing_out(house: House) -> None:
    """In every rank: what waits, since when however long ago."""
    await make_place(house, "one")
    await make_alert(house)
    (sample,) = await rows(house, "SELECT id FROM delivery")
    for priority, tried in RANKS:
        await rows(
            house,
            "UPDATE delivery SET state = 'pending', priority = :priority, tries = :tries, due_at = now() - interval '9 days' "
            "WHERE id = :id", id=sample.id, priority=priority, tries=int(tried),
        )  # fmt: skip
        async with transaction(house.engine) as session:
            since = await claims.low_water(session)
            taken = await claims.claim(
                session, worker="w", leases=Leases(timedelta(seconds=15)), room=5, only_retractions=False, since=since
            )
            assert [claimed.id for claimed in taken] == [sample.id]
            await session.rollback()


async def test_a_settle_looks_its_deliveries_up(either: House) -> None:
    """By their numbers, however many there are: neither the past nor what waits or is under way is read through."""
    explain = text("EXPLAIN " + settling._SETTLE.text)
    ids = [r.id for r in await rows(either, "SELECT id FROM delivery WHERE state = 'sending' LIMIT 500")]
    done = orjson.dumps([{"id": id, "tries": 1, "state": "accepted", "outcome": "accepted"} for id in ids]).decode()
    values = {"done": done, "ids": f"{{{','.join(map(str, ids))}}}", "worker": "w"}
    async with transaction(either.engine) as session:
        plan = "\n".join(r[0] for r in await session.execute(explain, values))
    assert "Index Scan using delivery_pkey" in plan
    assert plan.count("delivery_pkey") == 2, "to lock them, and to write them"
    assert "delivery_one_live_send" not in plan
    assert "Seq Scan on delivery" not in plan


async def test_who_of_the_paced_waits_is_read_from_their_index(either: House) -> None:
    """Each claim asks: a hundred thousand others that wait are not read through for it."""
    plan = await _plan(either, claims._PACED_OUTLETS)
    assert "delivery_paced" in plan
    assert "delivery_undelivered" not in plan


async def test_latecomers_are_looked_for_among_what_has_ended(house: House) -> None:
    """A hundred alerts, of which one has ended just now: only its deliveries are read."""
    await _alerted(house, 500)
    await rows(
        house,
        "INSERT INTO alert (code, status, state, organ_code, case_number, area_code, lon, lat, lost_at, head, issued_by, "
        "expires_at, ended_at, ended_by, end_reason) SELECT code || n, status, 'retracted', organ_code, case_number || n, "
        "area_code, lon, lat, lost_at, 2, issued_by, expires_at, now() - make_interval(hours => n), 'x', 'found' "
        "FROM alert, generate_series(0, 99) n",
    )
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, tries, due_at, give_up_at) "
        "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, 'accepted', 1, now(), now() FROM alert a, outlet o "
        "ON CONFLICT DO NOTHING",
    )
    await rows(house, "ANALYZE")
    explain, values = text("EXPLAIN " + deliveries.MAY_STILL_SHOW.text), {"within": timedelta(minutes=2)}
    async with transaction(house.engine) as session:
        plan = "\n".join(r[0] for r in await session.execute(explain, values))
    assert "Seq Scan on delivery" not in plan
