"""Issuing: one alert for a case, told to whom it concerns."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.db import alerts
from app.db.engine import transaction
from app.domain.errors import Forbidden, LiveAlertExists
from app.domain.words import Status
from app.flows.house import House
from app.flows.submit import Issued, Picture
from tests.flows.acts import CASE, record, retracted, submitted
from tests.flows.ledger import one, rows, told
from tests.making import ORGAN, PROVINCE_ORGAN, make_alert, make_organ, make_outlet, photo_bytes, police


@pytest.fixture(autouse=True)
async def organ(house: House) -> None:
    await make_organ(house)


async def test_an_alert_is_live_at_once_and_everything_is_there(house: House) -> None:
    outlet = await make_outlet(house, channel="tv")
    issued = await submitted(house, record(), picture=Picture(photo_bytes(), "image/jpeg", 120, 160))
    assert issued == Issued(issued.code, 1)
    assert await told(house, issued.code, 1) == [outlet]
    (alert,) = await rows(
        house, "SELECT state, head, reach_km, activated_at, expires_at - activated_at AS lasts FROM alert"
    )
    assert (alert.state, alert.head, alert.reach_km, alert.lasts.days) == ("active", 1, 100, 1)
    for table in ("record", "photo", "notice", "delivery"):
        assert await one(house, f"SELECT count(*) FROM {table}") == 1
    assert await one(house, "SELECT count(*) FROM rendition") == 2, "the notice, and the correction that may be needed"


@pytest.mark.parametrize(("status", "prefix"), [("actual", "HJ"), ("exercise", "YL"), ("test", "CS")])
async def test_the_number_alone_tells_what_is_real(house: House, status: str, prefix: str) -> None:
    code = await make_alert(house, status=status)
    assert code.startswith(f"{prefix}-{datetime.now(UTC).year}-")


async def test_of_two_at_once_for_one_case_one_is_issued(house: House) -> None:
    await make_outlet(house, channel="tv")
    ends = await asyncio.gather(*(submitted(house, record()) for _ in range(6)), return_exceptions=True)
    issued = [e for e in ends if isinstance(e, Issued)]
    refused = [e for e in ends if isinstance(e, LiveAlertExists)]
    assert (len(issued), len(refused)) == (1, 5)
    assert {e.alert for e in refused} == {issued[0].code}, "the refusal names the live one"
    assert await one(house, "SELECT count(*) FROM alert") == 1


async def test_the_index_alone_would_hold_as_well(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unlocked(*_: object) -> None:
        return None

    monkeypatch.setattr("app.db.alerts.lock_case", unlocked)
    monkeypatch.setattr("app.db.alerts.live_for_case", unlocked)
    ends = await asyncio.gather(*(submitted(house, record()) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(e, Issued) for e in ends) == 1
    assert all("alert_one_live_per_case" in str(e) for e in ends if not isinstance(e, Issued))


async def test_different_cases_do_not_wait_for_each_other(house: House) -> None:
    """While one case is being submitted another one is issued."""
    async with transaction(house.engine) as session:
        await alerts.lock_case(session, CASE)
        async with asyncio.timeout(5):
            await submitted(house, record(case_number="A6101130000002026110002"))


async def test_a_case_may_have_drills_beside_it_and_another_alert_after_it(house: House) -> None:
    first = await submitted(house, record())
    drill = police(live=False)
    await submitted(house, record(status="exercise"), who=drill)
    await submitted(house, record(status="exercise"), who=drill)
    with pytest.raises(LiveAlertExists):
        await submitted(house, record())
    await retracted(house, first.code)
    again = await submitted(house, record())
    assert again.code != first.code


async def test_who_is_told(house: House) -> None:
    near = await make_outlet(house, name="near", channel="tv")
    county = await make_outlet(house, name="county", channel="tv", lon=None, lat=None, codes=("610113",))
    province = await make_outlet(house, name="province", channel="tv", lon=None, lat=None, codes=("610000",))
    await make_outlet(house, name="beijing", channel="tv", lon=116.4, lat=39.9)
    await make_outlet(house, name="elsewhere", channel="tv", lon=None, lat=None, codes=("610800",))
    paused = await make_outlet(house, name="paused", channel="tv")
    await rows(house, "UPDATE outlet SET paused = true WHERE id = :id", id=paused)
    strict = await make_outlet(house, name="strict", channel="tv", takes_exercises=False, takes_tests=False)
    actual = await submitted(house, record())
    assert await told(house, actual.code, 1) == [near, county, province, strict]
    drill = await submitted(house, record(status="exercise"), who=police(live=False))
    assert await told(house, drill.code, 1) == [near, county, province]


async def test_with_nobody_to_tell_the_alert_stands_all_the_same(house: House) -> None:
    issued = await submitted(house, record())
    assert issued.told == 0
    assert await one(house, "SELECT state FROM alert") == "active"


@pytest.mark.parametrize(
    ("who", "facts"),
    [
        (police(live=False), {}),
        (police(organ="610112000000", area="610112"), {}),
        (police(area="610112"), {}),
        (police(), {"loss__area_code": "610112", "loss__lon": 108.95, "loss__lat": 34.3}),
    ],
)
async def test_who_may_not_issue_leaves_no_trace(house: House, who: object, facts: dict[str, object]) -> None:
    with pytest.raises(Forbidden):
        await submitted(house, record(**facts), who=who, key="k1")  # type: ignore[arg-type]
    for table in ("alert", "idempotency", "audit"):
        assert await one(house, f"SELECT count(*) FROM {table}") == 0


async def test_an_organ_that_is_not_registered_issues_nothing(house: House) -> None:
    who = police(organ=PROVINCE_ORGAN, area="610000")
    with pytest.raises(Forbidden, match="not registered"):
        await submitted(house, record(organ_code=PROVINCE_ORGAN), who=who)
    assert await one(house, "SELECT count(*) FROM alert") == 0


async def test_the_act_is_in_the_audit_without_a_fact(house: House) -> None:
    await submitted(house, record())
    (entry,) = await rows(house, "SELECT actor, act, detail FROM audit")
    assert tuple(entry) == ("key:police", "submit", {"status": Status.ACTUAL, "told": 0})
    assert (await one(house, "SELECT case_number FROM alert"), ORGAN) == (CASE, "610113000000")
