"""An outlet is not called elsewhere while its old place may be showing an alert, which would not be told the end."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.db import claims
from app.db.claims import Leases
from app.db.engine import Session, transaction
from app.domain.errors import Invalid
from app.domain.words import ReceiptKind
from app.flows import upkeep
from app.flows.enrol import save
from app.flows.house import House
from app.flows.outlet_form import OutletForm
from app.flows.roster import check_document, enrol_all
from app.flows.upkeep import Secrets
from tests.dispatch.far import Far, dispatching, never, until
from tests.flows.acts import fetched, record, retracted, said, submitted
from tests.flows.ledger import aired, one, rows
from tests.making import make_organ, make_outlet, make_partner

WEBHOOK = {"secret": "whsec_" + "a" * 43 + "="}
ROBOT = {"access_token": "token", "secret": "SECsecret"}
PLACE = {"lon": 108.95, "lat": 34.22, "datum": "GCJ02"}


async def _placed(house: House, at: str, **changes: Any) -> int:
    """The one outlet of these tests, called there."""
    facts = {"name": "大屏", "channel": "tv", "settings": {"url": f"http://far.test/{at}", **WEBHOOK}}
    return await make_outlet(house, **(facts | changes))


async def _listed(house: House, at: str, *, settled: Collection[str] = (), more: int = 0) -> None:
    """The same by a list, with others behind it."""
    form = {"name": "大屏", "channel": "tv", "carrier": "webhook", "place": PLACE}
    first = {**form, "settings": {"url": f"http://far.test/{at}", **WEBHOOK}}
    others = [
        {**form, "name": f"{i} 号屏", "settings": {"url": f"http://far.test/{i}", **WEBHOOK}} for i in range(more)
    ]
    document = check_document({"partners": [{"name": "测试协作单位", "outlets": [first, *others]}]})
    async with transaction(house.engine) as session:
        await enrol_all(session, document, "cli", wire=house.wire, seal=house.seal, settled=settled)


async def _revised(house: House, id: int, at: str, *, settled: Collection[str]) -> None:
    """The same by its page."""
    form = OutletForm(
        name="大屏", channel="tv", carrier="webhook", place=PLACE, settings={"url": f"http://far.test/{at}"}
    )
    async with transaction(house.engine) as session:
        await upkeep.revise_outlet(
            session, "account:1", id, form.application(), Secrets(["secret"]), wire=house.wire, seal=house.seal,
            settled=settled,
        )  # fmt: skip


async def _up(house: House) -> tuple[int, str]:
    """An outlet where an alert may be up, and the alert's number."""
    await make_organ(house)
    id = await _placed(house, "old")
    issued = await submitted(house, record())
    await aired(house)
    return id, issued.code


async def _ended(house: House, state: str, tend: str = "NULL") -> None:
    """The same when the alert is over, and how far its end has come there."""
    _, code = await _up(house)
    await retracted(house, code)
    await rows(house, f"UPDATE delivery SET state = :s, tries = 1, tend_at = {tend} WHERE kind = 'retract'", s=state)


@pytest.mark.parametrize("tries", [(1, 0), (3, 2)])
async def test_what_may_be_up_keeps_its_address(house: House, tries: tuple[int, int]) -> None:
    """By the page and by a list, of which nothing is kept then."""
    _, code = await _up(house)
    await rows(house, "UPDATE delivery SET state = 'failed', tries = :t, refusals = :r", t=tries[0], r=tries[1])
    before = await rows(house, "SELECT settings_sealed, updated_at FROM outlet")
    with pytest.raises(Invalid) as one_by_one:
        await _placed(house, "new")
    with pytest.raises(Invalid) as by_list:
        await _listed(house, "new", more=2)
    assert await rows(house, "SELECT settings_sealed, updated_at FROM outlet") == before
    (fault,), (listed,) = one_by_one.value.faults, by_list.value.faults
    assert (fault.pointer, listed.pointer) == ("/settings", "/partners/0/outlets/0/settings")
    assert code in fault.zh
    assert code in listed.zh
    assert fault.remedy_zh


@pytest.mark.parametrize("by", ["page", "list"])
async def test_whoever_knows_better_says_so(house: House, by: str) -> None:
    id, code = await _up(house)
    if by == "list":
        await _listed(house, "new", settled=[code])
        assert (await one(house, "SELECT detail FROM audit WHERE act = 'outlet_import'"))["settled"] == [code]
    else:
        await _revised(house, id, "new", settled=[code])
        assert (await one(house, "SELECT detail FROM audit WHERE act = 'outlet_edit'"))["settled"] == [code]
    await retracted(house, code)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["retract"])


async def test_what_was_said_of_one_alert_holds_for_no_other(house: House) -> None:
    """Another one has come since the page was read."""
    _, code = await _up(house)
    later = await submitted(house, record(case_number="A6101130000002026110002"))
    await aired(house)
    with pytest.raises(Invalid) as refused:
        await _placed(house, "new", settled=[code])
    (fault,) = refused.value.faults
    assert later.code in fault.zh
    assert code not in fault.zh


async def test_what_was_said_without_a_move_is_not_written(house: House) -> None:
    id, code = await _up(house)
    await _revised(house, id, "old", settled=[code])
    assert "settled" not in await one(house, "SELECT detail FROM audit WHERE act = 'outlet_edit'")


async def test_what_shows_nothing_is_called_where_it_is_now(house: House) -> None:
    """Its notice waits, or was refused for certain: it goes to the new place alone."""
    await make_organ(house)
    id = await _placed(house, "old")
    await submitted(house, record())
    await rows(house, "UPDATE delivery SET tries = 1, refusals = 1")
    assert await _placed(house, "new") == id
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["publish"])
    assert far.kinds("old") == []


@pytest.mark.parametrize("change", [{"lon": 109.0}, {"receipt_minutes": 9}, {"settings": {"signatures": "v1"}}])
async def test_what_is_the_same_place_may_change(house: House, change: Mapping[str, Any]) -> None:
    id, _ = await _up(house)
    settings = {"url": "http://far.test/old", "secret": "whsec_" + "b" * 43 + "=", **change.get("settings", {})}
    assert await _placed(house, "old", **{**change, "settings": settings}) == id


async def test_of_a_chat_robot_the_token_says_which_group(house: House) -> None:
    await make_organ(house)
    robot = {"channel": "dingtalk", "carrier": "dingtalk_robot"}
    url = "http://far.test/robot"
    await _placed(house, "", settings={"url": url, **ROBOT}, **robot)
    await submitted(house, record())
    await aired(house)
    await _placed(house, "", settings={"url": url, **ROBOT, "secret": "SECother"}, **robot)
    with pytest.raises(Invalid):
        await _placed(house, "", settings={"url": url, **ROBOT, "access_token": "other"}, **robot)


@pytest.mark.parametrize("state", ["pending", "sending", "failed"])
async def test_an_end_on_its_way_keeps_the_address(house: House, state: str) -> None:
    """Until it is over, or somebody has telephoned."""
    await _ended(house, state)
    with pytest.raises(Invalid):
        await _placed(house, "new")
    end = await one(house, "SELECT id FROM delivery WHERE kind = 'retract'")
    await rows(house, "INSERT INTO phoned (delivery_id, by) VALUES (:d, 'account:1')", d=end)
    await _placed(house, "new")


async def test_an_end_that_is_taken_lets_it_go(house: House) -> None:
    """But not while it is still looked after: what came late is taken off again."""
    await _ended(house, "accepted", tend="now()")
    with pytest.raises(Invalid):
        await _placed(house, "new")
    await rows(house, "UPDATE delivery SET tend_at = NULL")
    await _placed(house, "new")


@pytest.mark.parametrize("tend", ["NULL", "now()"])
async def test_an_end_that_is_proven_lets_it_go(house: House, tend: str) -> None:
    """Although it is looked after for ever where the wire says nothing more."""
    await _ended(house, "confirmed", tend)
    await _placed(house, "new")


async def test_an_end_that_nobody_has_issued_yet_counts(house: House) -> None:
    """The evidence crossed the retraction, and the sweep has not come by."""
    _, code = await _up(house)
    await retracted(house, code)
    await rows(house, "DELETE FROM delivery WHERE kind = 'retract'")
    with pytest.raises(Invalid):
        await _placed(house, "new")


async def test_a_send_that_is_being_claimed_counts(house: House) -> None:
    """The claim has not been committed when the address changes: that waits for it, and then knows of the send."""
    await make_organ(house)
    await _placed(house, "old")
    await submitted(house, record())
    async with transaction(house.engine) as session:
        await claims.begin(session)
        leases = Leases(timedelta(seconds=30))
        assert await claims.claim(session, worker="w", leases=leases, room=10, only_retractions=False)
        moving = asyncio.create_task(_placed(house, "new"))
        await asyncio.sleep(0.3)
        assert not moving.done()
    with pytest.raises(Invalid):
        await moving


async def test_an_alert_that_comes_while_a_list_is_saved(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is issued, and sent to the address that still holds: the list, which would have its end sent elsewhere, is refused."""
    await make_organ(house)
    await _placed(house, "old")
    far = Far()

    async def amid(session: Session, *given: Any, **more: Any) -> Any:
        saved = await save(session, *given, **more)
        if saved.moved:
            await submitted(house, record())
            await until(lambda: far.kinds("old") == ["publish"])
        return saved

    monkeypatch.setattr("app.flows.roster.save", amid)
    async with dispatching(house, far):
        with pytest.raises(Invalid):
            await _listed(house, "new", more=1)
        await retracted(house, await one(house, "SELECT code FROM alert"))
        await until(lambda: far.kinds("old") == ["publish", "retract"])
    assert far.kinds("new") == []


async def test_a_claim_that_froze_does_not_hold_up_the_others(house: House) -> None:
    """Whoever changes an address gives up after two seconds; the others go on claiming then."""
    await _up(house)
    async with transaction(house.engine) as frozen:
        await claims.begin(frozen)
        moving = asyncio.create_task(_placed(house, "new"))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(4), transaction(house.engine) as session:
            await claims.begin(session)
        with pytest.raises(Exception, match=r"(?i)unavailable|lock"):
            await moving


async def test_what_was_read_in_the_feed_is_ended_there(house: House) -> None:
    """A polled outlet may go to another wire at any time."""
    await make_organ(house)
    partner = await make_partner(house)
    await make_outlet(house, name="大屏", channel="partner", carrier="feed")
    issued = await submitted(house, record())
    _, items = await fetched(house, partner)
    assert [i["payload"]["data"]["kind"] for i in items] == ["publish"]
    await _placed(house, "new", channel="partner")
    await retracted(house, issued.code)
    far = Far()
    async with dispatching(house, far):
        await until(lambda: far.kinds("new") == ["retract"])


async def test_evidence_counts_too(house: House) -> None:
    """Nothing was accepted, and yet it says that it has aired it."""
    await make_organ(house)
    await _placed(house, "old")
    await submitted(house, record())
    partner, delivery = await make_partner(house), await one(house, "SELECT id FROM delivery")
    await said(house, partner, delivery, ReceiptKind.AIRED)
    with pytest.raises(Invalid):
        await _placed(house, "new")


async def test_a_send_under_way_counts(house: House) -> None:
    await make_organ(house)
    await _placed(house, "old")
    far = Far()
    far.script["old"] = [never]
    async with dispatching(house, far):
        await submitted(house, record())
        await until(lambda: far.kinds("old") == ["publish"])
        with pytest.raises(Invalid):
            await _placed(house, "new")
