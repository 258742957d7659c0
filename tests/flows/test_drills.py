"""Drills: for whom, by whom, once a week at most, and what is derived of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.db import drill_schedule, drills, outlets
from app.db.engine import transaction
from app.dispatch.sweeps import Sweeps
from app.domain.beijing import BEIJING
from app.domain.errors import Conflict, Forbidden, Invalid, KeyReused
from app.domain.weekly import Weekly
from app.domain.words import ReceiptKind, Scope
from app.flows.confirm import Stated, confirm
from app.flows.drills import DrillForm, Plan, end, set_schedule, start, weekly
from app.flows.house import House
from app.flows.principal import Principal
from app.flows.submit import Issued
from tests.flows.ledger import aired, dump, one, rows, told
from tests.making import make_organ, make_outlet, police

WHO = Principal("operator:韩晓东", Scope.OPERATOR, live=True)


async def drill(
    house: House, who: Principal = WHO, key: str | None = None, body: bytes = b"", **form: object
) -> Issued:
    async with transaction(house.engine) as session:
        return await start(
            session, who, DrillForm.model_validate(form), idempotency_key=key, body_hash=body, seal=house.seal,
            press=house.press,
        )  # fmt: skip


async def refusal(house: House, **form: Any) -> list[tuple[str, str]]:
    """What is said of each fault; and nothing is written."""
    before = await dump(house)
    with pytest.raises(Invalid) as refused:
        await drill(house, **form)
    assert await dump(house) == before
    return [(f.pointer, f.zh) for f in refused.value.faults]


async def test_all_that_opted_in_and_nobody_else_wherever_they_are(house: House) -> None:
    await make_organ(house)
    here = await make_outlet(house, name="近屏")
    far = await make_outlet(house, name="远屏", lon=87.6, lat=43.8)
    await make_outlet(house, name="不参加", takes_exercises=False)
    asleep = await make_outlet(house, name="停用屏")
    async with transaction(house.engine) as session:
        await outlets.set_paused(session, asleep, True)
    issued = await drill(house)
    assert issued.code.startswith("YL-")
    assert await told(house, issued.code, 1) == [here, far]
    assert issued.told == 2
    assert await one(house, "SELECT status FROM alert") == "exercise"
    assert await one(house, "SELECT extract(epoch FROM end_at - created_at) FROM drill JOIN alert ON true") == 300
    assert "演练" in await one(house, "SELECT body::text FROM rendition WHERE number = 1 LIMIT 1")


async def test_chosen_by_name_number_and_channel(house: House) -> None:
    await make_organ(house)
    tv = await make_outlet(house, name="台", channel="tv")
    named, numbered = await make_outlet(house, name="屏一"), await make_outlet(house, name="屏二")
    await make_outlet(house, name="屏三")
    issued = await drill(house, outlets=["屏一", str(numbered), "屏一"], channels=["tv"], minutes=1)
    assert await told(house, issued.code, 1) == [tv, named, numbered]


async def test_who_cannot_take_part_is_named(house: House) -> None:
    await make_organ(house)
    await make_outlet(house, name="不参加", channel="tv", takes_exercises=False)
    asleep = await make_outlet(house, name="停用屏")
    for partner in ("甲", "乙"):
        await make_outlet(house, name="同名", partner=partner)
    async with transaction(house.engine) as session:
        await outlets.set_paused(session, asleep, True)
    said = await refusal(house, outlets=["不参加", "停用屏", "没有", "同名"], channels=["tv"])
    assert [pointer for pointer, _ in said] == ["/outlets/0", "/outlets/1", "/outlets/2", "/outlets/3", "/channels/0"]
    for (_, words), wanted in zip(
        said, ("“不参加”没有同意参加演练", "停用屏", "没有名称或编号", "2 个", "“tv”"), strict=True
    ):
        assert wanted in words


async def test_nobody_and_no_organ(house: House) -> None:
    with pytest.raises(Conflict, match="organ"):
        await drill(house)
    await make_organ(house)
    await make_outlet(house, takes_exercises=False)
    with pytest.raises(Conflict, match="agreed"):
        await drill(house)
    assert await rows(house, "SELECT 1 FROM alert") == []


async def test_police_and_partners_start_none(house: House) -> None:
    await make_organ(house)
    id = await make_outlet(house)
    for who in (police(), Principal("key:p", Scope.PARTNER, True, partner_id=id)):
        with pytest.raises(Forbidden):
            await drill(house, who)


async def test_the_same_request_twice_is_one_drill(house: House) -> None:
    await make_organ(house)
    await make_outlet(house)
    first, again = [await drill(house, key="0f" * 8, body=b"1") for _ in range(2)]
    assert (again.code, again.again) == (first.code, True)
    assert await one(house, "SELECT count(*) FROM drill") == 1
    with pytest.raises(KeyReused):
        await drill(house, key="0f" * 8, body=b"2")


async def test_the_sweeps_keep_to_the_chosen(house: House) -> None:
    """An outlet that opts in, is enrolled or comes into reach while a drill runs was not asked."""
    await make_organ(house)
    chosen = await make_outlet(house, name="屏一")
    issued = await drill(house, outlets=["屏一"])
    await make_outlet(house, name="新屏")
    await rows(house, "UPDATE alert SET lost_at = now() - interval '5 hours'")
    await Sweeps(house.engine, house.press, "w").extend()
    assert await one(house, "SELECT reach_km FROM alert") == 500
    assert await told(house, issued.code, 1) == [chosen]


async def test_what_became_of_it(house: House) -> None:
    await make_organ(house)
    names = ("播出", "只收到", "没收到")
    ids = [await make_outlet(house, name=n, partner=f"单位{n}", carrier="feed", channel="partner") for n in names]
    issued = await drill(house)
    await rows(house, "UPDATE outlet SET proves = 'aired'")
    deliveries = dict(await rows(house, "SELECT outlet_id, id FROM delivery"))
    await rows(
        house, "UPDATE delivery SET state = 'accepted', tries = 1, accepted_at = created_at + interval '2 seconds' "
        "WHERE outlet_id <> :o", o=ids[2],
    )  # fmt: skip
    await rows(house, "UPDATE alert SET created_at = created_at - interval '1 minute'")
    await rows(house, "UPDATE delivery SET created_at = created_at - interval '1 minute', accepted_at = accepted_at "
               "- interval '1 minute'")  # fmt: skip
    told_at = await one(house, "SELECT created_at FROM delivery WHERE outlet_id = :o", o=ids[0])
    async with transaction(house.engine) as session:
        stated = Stated(deliveries[ids[0]], ReceiptKind.AIRED, told_at + timedelta(seconds=5))
        await confirm(session, None, [stated], press=house.press)
        alert = await drills.find(session, issued.code, None)
        assert alert is not None
        found = {r["outlet"]: r for r in await drills.results(session, alert.alert_id, None)}
    assert [(found[n]["received"], found[n]["aired"], found[n]["lacks"]) for n in names] == [
        (2, 5, None), (2, None, "aired"), (None, None, "received"),
    ]  # fmt: skip
    async with transaction(house.engine) as session:
        await end(session, WHO, issued.code, press=house.press)
    await aired(house, number=2)
    async with transaction(house.engine) as session:
        off = await one(house, "SELECT id FROM delivery WHERE number = 2 AND outlet_id = :o", o=ids[0])
        await confirm(session, None, [Stated(off, ReceiptKind.TAKEN_DOWN, datetime.now(UTC))], press=house.press)
        rows_now = await drills.results(session, alert.alert_id, None)
        tally = (await drills.tallies(session, [alert.alert_id], None))[alert.alert_id]
        whose = await drills.by_partner(session, alert.alert_id, None)
    assert [(r["outlet"], r["lacks"]) for r in rows_now] == [
        ("没收到", "received"),
        ("只收到", "down"),
        ("播出", None),
    ]
    assert (tally.chosen, tally.told, tally.received, tally.aired, tally.recalled, tally.down, tally.lacking) == (
        3, 3, 2, 1, 2, 1, 2,
    )  # fmt: skip
    assert (tally.received_half, tally.aired_last) == (2, 5)
    assert [(p.name, p.tally.lacking) for p in whose][-1] == ("单位播出", 0)


async def test_it_ends_by_itself_once(house: House) -> None:
    await make_organ(house)
    await make_outlet(house)
    issued = await drill(house, minutes=1)
    await aired(house)
    sweeps = [Sweeps(house.engine, house.press, f"w{n}") for n in range(3)]
    await asyncio.gather(*(s.end_drills() for s in sweeps))
    assert await one(house, "SELECT state FROM alert") == "active"
    await rows(house, "UPDATE drill SET end_at = now()")
    await asyncio.gather(*(s.end_drills() for s in sweeps))
    assert await one(house, "SELECT state FROM alert") == "retracted"
    assert await told(house, issued.code, 2) != []
    assert await one(house, "SELECT count(*) FROM notice") == 2
    assert await one(house, "SELECT actor FROM audit WHERE act = 'retracted'") == "schedule"


def at(now: datetime) -> Weekly:
    """The weekly time that is this minute."""
    here = now.astimezone(BEIJING)
    return Weekly(here.isoweekday(), here.hour * 60 + here.minute)


async def scheduled(house: House, now: datetime, *, channels: tuple[str, ...] = ()) -> None:
    """A weekly drill that was set yesterday and whose time is ``now``."""
    async with transaction(house.engine) as session:
        await set_schedule(session, WHO.actor, Plan(at(now), 2, channels))
        await session.execute(text("UPDATE drill_schedule SET set_at = now() - interval '1 day'"))


async def test_one_drill_a_week_however_many_sweep(house: House) -> None:
    await make_organ(house)
    await make_outlet(house)
    await scheduled(house, datetime.now(UTC))
    sweeps = [Sweeps(house.engine, house.press, f"w{n}", seal=house.seal) for n in range(6)]
    for _ in range(3):
        await asyncio.gather(*(s.drill_weekly() for s in sweeps))
    assert await one(house, "SELECT count(*) FROM drill") == 1
    assert await one(house, "SELECT issued_by FROM alert") == "schedule"
    assert await one(house, "SELECT extract(epoch FROM end_at - created_at) FROM drill JOIN alert ON true") == 120


async def test_a_time_that_has_gone_by_is_not_made_up_for(house: House) -> None:
    await make_organ(house)
    await make_outlet(house)
    async with transaction(house.engine) as session:
        await set_schedule(session, WHO.actor, Plan(at(datetime.now(UTC) - timedelta(minutes=3)), 2))
    async with transaction(house.engine) as session:
        assert await weekly(session, seal=house.seal, press=house.press) is None
    await scheduled(house, datetime.now(UTC) - timedelta(minutes=40))
    async with transaction(house.engine) as session:
        assert await weekly(session, seal=house.seal, press=house.press) is None
        schedule = await drill_schedule.read(session)
    assert schedule is not None
    assert "没有在运行" in schedule.fault, "and it is said"
    assert await rows(house, "SELECT 1 FROM drill") == []


async def test_a_weekly_drill_that_cannot_be_says_why_once(house: House) -> None:
    await make_organ(house)
    await make_outlet(house)
    await scheduled(house, datetime.now(UTC), channels=("tv",))
    for _ in range(2):
        async with transaction(house.engine) as session:
            assert await weekly(session, seal=house.seal, press=house.press) is None
    assert "渠道“tv”没有参加演练的发布点" in await one(house, "SELECT fault FROM drill_schedule")
    async with transaction(house.engine) as session:
        await set_schedule(session, WHO.actor, None)
        assert await drill_schedule.read(session) is None
    assert await one(house, "SELECT count(*) FROM audit WHERE act = 'drill_schedule'") == 2


def test_the_week_in_beijing() -> None:
    friday = Weekly(5, 10 * 60)  # ten in the morning
    noon = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)  # Friday, twelve in Beijing
    assert friday.latest(noon) == datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    assert friday.latest(noon - timedelta(hours=3)) == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    assert friday.latest(datetime(2026, 11, 27, 2, 0, tzinfo=UTC)) == datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    assert friday.next(noon) == datetime(2026, 12, 4, 2, 0, tzinfo=UTC)
    assert Weekly(1, 0).latest(datetime(2026, 11, 29, 15, 59, tzinfo=UTC)) == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
