"""An outlet is called elsewhere while its old place may be showing an alert: the old place is told the end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.db import claims
from app.db.claims import Leases
from app.db.engine import transaction
from app.domain.words import Kind
from app.flows import upkeep
from app.flows.house import House
from app.flows.roster import check_document, enrol_all
from tests.dispatch.far import Far, dispatching, states, until
from tests.flows.acts import amended, extended, fetched, record, retracted, submitted
from tests.flows.ledger import aired, one, rows
from tests.making import make_organ, make_outlet, make_partner

WEBHOOK = {"secret": "whsec_" + "a" * 43 + "="}
ROBOT = {"access_token": "token", "secret": "SECsecret"}


async def _placed(house: House, at: str, **changes: Any) -> int:
    """The one outlet of these tests, called there."""
    facts = {"name": "大屏", "channel": "tv", "settings": {"url": f"http://far.test/{at}", **WEBHOOK}}
    return await make_outlet(house, **(facts | changes))


async def _moved(house: House, to: str, **changes: Any) -> int:
    """The same name, called there from now on, and told of what is live."""
    id = await _placed(house, to, **changes)
    for alert in await rows(house, "SELECT id FROM alert"):
        await extended(house, alert.id)
    return id


async def _names(house: House) -> dict[str, tuple[int, bool]]:
    return {r.name: (r.id, r.paused) for r in await rows(house, "SELECT name, id, paused FROM outlet")}


@pytest.mark.parametrize("by", ["edit", "import"])
async def test_both_places_are_told_the_end(house: House, by: str) -> None:
    await make_organ(house)
    old = await _placed(house, "old")
    issued = await submitted(house, record())
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("old") == ["publish"])
        await until(lambda: _all_settled(house))
        if by == "edit":
            new = await _moved(house, "new")
        else:
            await _imported(house, "http://far.test/new")
            new = (await _names(house))["大屏"][0]
            await extended(house, await one(house, "SELECT id FROM alert"))
        assert new != old
        assert await _names(house) == {"大屏": (new, False), f"大屏（原地址，原 {old} 号）": (old, True)}
        await until(lambda: far.kinds("new") == ["publish"])
        await retracted(house, issued.code)
        await until(lambda: far.kinds("new") == far.kinds("old") == ["publish", "retract"])
        await submitted(house, record(case_number="A6101130000002026110002"))
        await until(lambda: far.kinds("new") == ["publish", "retract", "publish"])
        await until(lambda: _all_settled(house))
        assert far.kinds("old") == ["publish", "retract"], "nothing begins there any more"


async def _all_settled(house: House) -> bool:
    return set(await states(house)) == {"accepted"}


async def _imported(house: House, url: str) -> None:
    document = {"partners": [{"name": "测试协作单位", "outlets": [{
        "name": "大屏", "channel": "tv", "carrier": "webhook", "settings": {"url": url, **WEBHOOK},
        "place": {"lon": 108.95, "lat": 34.22, "datum": "GCJ02"},
    }]}]}  # fmt: skip
    async with transaction(house.engine) as session:
        await enrol_all(session, check_document(document), "cli", wire=house.wire, seal=house.seal)


async def test_of_an_outlet_that_shows_nothing_only_the_address_changes(house: House) -> None:
    """Its notice waits, or was refused for certain: it goes to the new place alone."""
    await make_organ(house)
    old = await _placed(house, "old")
    await submitted(house, record())
    await rows(house, "UPDATE delivery SET tries = 1, refusals = 1")
    assert await _moved(house, "new") == old
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["publish"])
    assert far.kinds("old") == []


@pytest.mark.parametrize("change", [{"panel": {}}, {"channel": "screen"}, {"settings": {"signatures": "v1"}}])
async def test_at_the_same_place_it_stays_the_same_outlet(house: House, change: dict[str, Any]) -> None:
    await make_organ(house)
    old = await _placed(house, "old")
    await submitted(house, record())
    await aired(house)
    said = {"url": "http://far.test/old", "secret": "whsec_" + "b" * 43 + "=", **change.pop("settings", {})}
    change.pop("panel", None)
    assert await _placed(house, "old", settings=said, **change) == old
    assert list(await _names(house)) == ["大屏"]


async def test_a_send_that_is_being_claimed_counts(house: House) -> None:
    """The claim has not been committed when the address changes: that waits for it, and then knows of the send."""
    await make_organ(house)
    old = await _placed(house, "old")
    await submitted(house, record())
    async with transaction(house.engine) as session:
        (claimed,) = await claims.claim(
            session, worker="w", leases=Leases(timedelta(seconds=30)), room=10, only_retractions=False
        )
        moving = asyncio.create_task(_placed(house, "new"))
        await asyncio.sleep(0.3)
        assert not moving.done()
    assert claimed.outlet_id == old
    assert await moving != old


async def test_what_waits_for_the_old_place_begins_at_the_new_one(house: House) -> None:
    """One alert is up there, another one waits for it."""
    await make_organ(house)
    await _placed(house, "old")
    await submitted(house, record())
    await aired(house)
    await submitted(house, record(case_number="A6101130000002026110002"))
    await _moved(house, "new")
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["publish", "publish"])
    assert far.kinds("old") == []


async def test_an_update_still_goes_where_the_alert_may_be_up(house: House) -> None:
    await make_organ(house)
    await _placed(house, "old")
    issued = await submitted(house, record())
    await aired(house)
    await amended(house, issued.code, record(minor__clothing="蓝色外套"))
    await _moved(house, "new")
    far = Far()
    async with dispatching(house, far):
        await until(lambda: len(far.calls) == 2)
    assert {(call.place, call.kind, call.number) for call in far.calls} == {("old", "update", 2), ("new", "update", 2)}


async def test_an_end_that_the_old_place_has_not_taken_is_told_to_both(house: House) -> None:
    await make_organ(house)
    old = await _placed(house, "old")
    issued = await submitted(house, record())
    await aired(house)
    await retracted(house, issued.code)
    await rows(house, "UPDATE delivery SET state = 'failed', give_up_at = now() WHERE kind = 'retract'")
    assert await _moved(house, "new") != old
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["retract"])
    assert await states(house, 2) == ["failed", "accepted"]


async def test_a_paused_outlet_stays_paused(house: House) -> None:
    await make_organ(house)
    old = await _placed(house, "old")
    await submitted(house, record())
    await aired(house)
    async with transaction(house.engine) as session:
        await upkeep.pause(session, "account:1", old, True)
    new = await _moved(house, "new")
    assert (await _names(house))["大屏"] == (new, True)
    assert await rows(house, "SELECT 1 FROM delivery WHERE outlet_id = :new", new=new) == []


async def test_from_the_feed_to_a_webhook(house: House) -> None:
    """Whoever read it in the feed reads its end there."""
    await make_organ(house)
    partner = await make_partner(house)
    await make_outlet(house, name="大屏", channel="partner", carrier="feed")
    issued = await submitted(house, record())
    cursor, items = await fetched(house, partner)
    assert [i["payload"]["data"]["kind"] for i in items] == ["publish"]
    await _moved(house, "new")
    await retracted(house, issued.code)
    _, items = await fetched(house, partner, cursor)
    assert [i["payload"]["data"]["kind"] for i in items] == ["retract"]


async def test_a_second_move_keeps_both_old_places(house: House) -> None:
    await make_organ(house)
    await _placed(house, "first")
    issued = await submitted(house, record())
    await aired(house)
    for place in ("second", "third"):
        await _moved(house, place)
        await aired(house)
    await retracted(house, issued.code)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: len(far.calls) == 3)
    assert {(call.place, call.kind) for call in far.calls} == {(p, Kind.RETRACT) for p in ("first", "second", "third")}


async def test_a_chat_group_that_is_another_one(house: House) -> None:
    """Of a robot the token says which group it speaks in; a new signing key is the same group."""
    await make_organ(house)
    await make_partner(house)
    say = {"channel": "dingtalk", "carrier": "dingtalk_robot"}
    url = "http://far.test/robot"
    old = await _placed(house, "robot", settings={"url": url, **ROBOT}, **say)
    await submitted(house, record())
    await aired(house)
    assert await _placed(house, "robot", settings={"url": url, **ROBOT, "secret": "SECother"}, **say) == old
    assert await _placed(house, "robot", settings={"url": url, **ROBOT, "access_token": "other"}, **say) != old
