"""How PostgreSQL goes about the statements of the queue, when it knows how many rows there are."""

import pytest
from sqlalchemy import TextClause, text

from app.db import claims
from app.db.engine import transaction
from app.flows.house import House
from tests.dispatch.far import make_place, rows
from tests.making import make_alert

PLACES = 3000
VALUES = {
    "worker": "w", "lease": "15 seconds", "room": 500, "only_retractions": False, "outlets": [1], "count": 20,
    "per": "1 minute", "reserve": 2, "bounded": True, "full": [7], "crammed": [], "under_way": '{"7": 500}',
}  # fmt: skip


@pytest.fixture
async def busy(house: House) -> House:
    """Three thousand places: half wait, half are being sent to."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(
        house,
        "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile) SELECT partner_id, 'p' || n, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile FROM outlet, generate_series(1, :n) n",
        n=PLACES,
    )
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, lease_until, due_at, "
        "give_up_at) SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, "
        "CASE o.id % 2 WHEN 0 THEN 'pending' ELSE 'sending' END, "
        "CASE o.id % 2 WHEN 1 THEN now() + interval '15 s' END, now(), now() + interval '1 day' "
        "FROM alert a, outlet o ON CONFLICT DO NOTHING",
    )
    await rows(house, "ANALYZE")
    return house


@pytest.mark.parametrize("statement", [claims._CLAIM, claims._CLAIM_PACED], ids=["push", "paced"])
async def test_a_claim_does_not_compare_what_waits_with_what_is_sent(busy: House, statement: TextClause) -> None:
    """Each delivery that waits is looked up in the index of live sends. A join of the two took seconds for a batch."""
    explain = text("EXPLAIN " + statement.text)
    values = {name: value for name, value in VALUES.items() if f":{name}" in statement.text}
    casts = {"lease": "CAST(CAST(:lease AS text) AS interval)", "per": "CAST(CAST(:per AS text) AS interval)"}
    for name, cast in casts.items():
        explain = text(explain.text.replace(f"CAST(:{name} AS interval)", cast))
    async with transaction(busy.engine) as session:
        plan = "\n".join(r[0] for r in await session.execute(explain, values))
    assert "delivery_one_live_send" in plan
    assert "Anti Join" not in plan


MANY = 60_000


async def test_a_claim_reads_what_it_takes_and_no_more(house: House) -> None:
    """With many waiting and a long past, the queue's index gives the next ones in their order: nothing is sorted, and no
    table is read through."""
    await make_place(house, "one")
    await make_alert(house)
    await rows(
        house,
        "INSERT INTO outlet (partner_id, name, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile) SELECT partner_id, 'p' || n, channel, carrier, lane, retracts, proves, settings_sealed, settings_shown, "
        "profile FROM outlet, generate_series(1, :n) n",
        n=MANY,
    )
    await rows(
        house,
        "INSERT INTO delivery (alert_id, number, outlet_id, kind, lane, profile, priority, state, due_at, give_up_at) "
        "SELECT a.id, 1, o.id, 'publish', o.lane, o.profile, 1, "
        "CASE WHEN o.id % 3 = 0 THEN 'pending' ELSE 'confirmed' END, now(), now() + interval '1 day' "
        "FROM alert a, outlet o ON CONFLICT DO NOTHING",
    )
    await rows(house, "ANALYZE")
    explain = "EXPLAIN (FORMAT TEXT) " + claims._CLAIM.text.replace(
        "CAST(:lease AS interval)", "CAST(CAST(:lease AS text) AS interval)"
    )
    values = {name: value for name, value in VALUES.items() if f":{name}" in explain}
    async with transaction(house.engine) as session:
        await claims.begin(session)
        plan = "\n".join(r[0] for r in await session.execute(text(explain), values))
    inner = plan[plan.index("Limit") :]
    assert "Index Scan using delivery_due" in inner
    assert "Sort" not in inner
    assert "Seq Scan on delivery" not in plan
