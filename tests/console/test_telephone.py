"""An outlet does not answer; its people do. What they say is kept as what it is, and can be taken back."""

import httpx
import pytest
from sqlalchemy import text

from app.db import views
from app.db.engine import transaction
from app.domain.words import EndReason, ReceiptKind, Scope
from app.flows import end
from app.flows.house import House
from app.flows.principal import Principal
from tests.console.conftest import csrf_of
from tests.console.delivered import accepted, failed, issued, newest, said
from tests.making import make_alert, make_outlet

OFFICER = Principal("operator:韩晓东", Scope.OPERATOR, live=True)


async def _failing_retraction(house: House) -> tuple[str, int, int]:
    """An ended alert, and a retraction that could not be sent: code, outlet, delivery."""
    outlet = await make_outlet(house, name="断线屏")
    code = await make_alert(house)
    await accepted(house, (await newest(house, code))[outlet])
    async with transaction(house.engine) as session:
        await end.retract(session, OFFICER, code, EndReason.FOUND, "", press=house.press)
    delivery = (await newest(house, code))[outlet]
    await failed(house, delivery, "unreachable", "")
    return code, outlet, delivery


async def _say(
    officer: httpx.AsyncClient, code: str, delivery: int, act: str = "phoned", **more: str
) -> httpx.Response:
    page = (await officer.get(f"/console/alerts/{code}")).text
    form = {"csrf": csrf_of(page), "delivery": str(delivery)} | more
    return await officer.post(f"/console/alerts/{code}/{act}", data=form)


async def test_who_is_called_has_a_number_and_a_button(house: House, officer: httpx.AsyncClient) -> None:
    code, _, delivery = await _failing_retraction(house)
    page = (await officer.get(f"/console/alerts/{code}")).text
    assert "<b>1</b> 个发布点尚未确认撤下" in page
    calls = page[page.index('class="calls"') :]
    for shown in ("断线屏", "撤回失败", "连接不上对方", 'href="tel:029-12345678"', f'id="phoned-{delivery}"'):
        assert shown in calls


async def test_what_was_said_on_the_telephone_counts_and_shows_that_it_was_said(
    house: House, officer: httpx.AsyncClient
) -> None:
    code, outlet, delivery = await _failing_retraction(house)
    done = await _say(officer, code, delivery, answered="老王")
    assert done.headers["location"] == f"/console/alerts/{code}?result=phoned"
    page = (await officer.get(done.headers["location"])).text
    for shown in ("已记下电话确认", "没有发布点还在播出", "电话确认撤下", "值守员 韩晓东", "撤销电话确认"):
        assert shown in page
    assert "☎ 电话确认已撤下" not in page, "nobody is left to be called"
    history = (await officer.get(f"/console/alerts/{code}/outlets/{outlet}")).text
    assert "接听人 老王" in history
    board = (await officer.get("/console/")).text
    assert "撤回失败 1" not in board
    assert "电话确认已撤下：断线屏" in (await officer.get(f"/console/alerts/{code}/timeline")).text
    async with transaction(house.engine) as session:
        state = await session.execute(text("SELECT state FROM delivery WHERE id = :id"), {"id": delivery})
        receipts = await session.execute(text("SELECT count(*) FROM receipt WHERE delivery_id = :id"), {"id": delivery})
        acts = await session.execute(text("SELECT actor FROM audit WHERE act = 'phoned'"))
        assert state.scalar_one() == "failed", "the machine may go on trying"
        assert receipts.scalar_one() == 0, "the outlet itself has said nothing"
        assert acts.scalars().all() == ["operator:韩晓东"]
    again = await _say(officer, code, delivery)
    assert again.headers["location"].endswith("result=phoned_before")


async def test_it_can_be_taken_back(house: House, officer: httpx.AsyncClient) -> None:
    code, outlet, delivery = await _failing_retraction(house)
    await _say(officer, code, delivery)
    back = await _say(officer, code, delivery, "unphoned")
    page = (await officer.get(back.headers["location"])).text
    assert "已撤销电话确认" in page
    assert "<b>1</b> 个发布点尚未确认撤下" in page
    assert "已撤销" in (await officer.get(f"/console/alerts/{code}/outlets/{outlet}")).text, "and both stay written"
    assert (await _say(officer, code, delivery, "unphoned")).status_code == 409
    await _say(officer, code, delivery)
    assert "没有发布点还在播出" in (await officer.get(f"/console/alerts/{code}")).text


async def test_the_outlet_outranks_its_telephone(house: House, officer: httpx.AsyncClient) -> None:
    """It airs the child again after somebody there said that it was down."""
    code, outlet, delivery = await _failing_retraction(house)
    await _say(officer, code, delivery)
    async with transaction(house.engine) as session:
        found = await session.execute(
            text("SELECT id FROM delivery WHERE outlet_id = :o AND number = 1"), {"o": outlet}
        )
        publish = found.scalar_one()
    await said(house, publish, ReceiptKind.AIRED, minutes_ago=-1)
    page = (await officer.get(f"/console/alerts/{code}")).text
    assert "撤下后又报播出" in page
    assert "<b>1</b> 个发布点尚未确认撤下" in page


async def test_the_watchdog_is_calm_about_what_was_confirmed(house: House, officer: httpx.AsyncClient) -> None:
    code, _, delivery = await _failing_retraction(house)
    await issued(house, delivery, seconds_ago=600)
    async with transaction(house.engine) as session:
        assert await views.retractions_unheard(session, 120) == 1
    await _say(officer, code, delivery)
    async with transaction(house.engine) as session:
        assert await views.retractions_unheard(session, 120) == 0


@pytest.mark.parametrize("delivery", ["0", "x", "9" * 40, ""])
async def test_only_a_retraction_of_this_alert_can_be_confirmed(
    house: House, officer: httpx.AsyncClient, delivery: str
) -> None:
    code, _, _ = await _failing_retraction(house)
    other = await make_alert(house)
    live = next(iter((await newest(house, other)).values()))
    page = (await officer.get(f"/console/alerts/{code}")).text
    for of, said_for in ((code, delivery), (other, str(live)), (code, str(live))):
        form = {"csrf": csrf_of(page), "delivery": said_for}
        assert (await officer.post(f"/console/alerts/{of}/phoned", data=form)).status_code == 404
    form = {"csrf": "x", "delivery": delivery}
    assert (await officer.post(f"/console/alerts/{code}/phoned", data=form)).status_code == 403
