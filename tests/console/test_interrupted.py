"""A retraction that is interrupted: nothing typed is lost, and nothing half confirmed is done."""

import re

import httpx

from app.domain.words import AlertState
from app.flows.house import House
from tests.console.conftest import csrf_of, end_sessions, let_in
from tests.console.retraction import aired_alert, confirm, filled, state_of


async def test_a_session_that_ends_in_the_middle_loses_nothing(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, line="感谢各位市民", reason="issued_in_error")
    await end_sessions(house, officer)
    sent = await confirm(officer, code, form)
    assert sent.status_code == 303
    assert sent.headers["location"] == f"/console/sign-in?next=/console/alerts/{code}/retract&why=retract"
    assert "感谢" not in str(sent.headers), "what was typed is in no address and in no readable cookie"
    assert await state_of(house, code) is AlertState.ACTIVE
    asked = (await officer.get(sent.headers["location"])).text
    assert "撤回尚未执行" in asked
    assert f'name="next" value="/console/alerts/{code}/retract"' in asked
    await let_in(house, officer)
    page = (await officer.get(f"/console/alerts/{code}/retract")).text
    assert 'name="line" value="感谢各位市民"' in page
    assert re.search(r'value="issued_in_error" required checked', page)
    done = await confirm(officer, code, form | {"csrf": csrf_of(page)})
    assert done.headers["location"].endswith("result=retracted")
    assert "huijia_draft" not in officer.cookies


async def test_a_draft_belongs_to_its_alert_and_cannot_be_forged(house: House, officer: httpx.AsyncClient) -> None:
    code, other = await aired_alert(house), await aired_alert(house)
    form = await filled(officer, code, line="感谢各位市民")
    await end_sessions(house, officer)
    await confirm(officer, code, form)
    await let_in(house, officer)
    draft = officer.cookies["huijia_draft"]
    cookie = f"huijia_session={officer.cookies['huijia_session']}; huijia_draft="
    assert (
        "感谢各位市民"
        in (await officer.get(f"/console/alerts/{code}/retract", headers={"cookie": cookie + draft})).text
    )
    for path, value in ((other, draft), (code, draft[:-6] + "AAAAAA"), (code, "[]")):
        answer = await officer.get(f"/console/alerts/{path}/retract", headers={"cookie": cookie + value})
        assert answer.status_code == 200
        assert "感谢各位市民" not in answer.text


async def test_while_the_database_is_away_nothing_is_lost_either(
    house: House, officer: httpx.AsyncClient, stranded: httpx.AsyncClient
) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, line="感谢各位市民")
    cookie = f"huijia_session={officer.cookies['huijia_session']}"
    away = await stranded.post(f"/console/alerts/{code}/retract", data=form, headers={"cookie": cookie})
    assert away.status_code == 503
    assert "数据库暂时连接不上" in away.text
    assert f'href="/console/alerts/{code}/retract"' in away.text
    cookie += f"; huijia_draft={stranded.cookies['huijia_draft']}"
    page = await officer.get(f"/console/alerts/{code}/retract", headers={"cookie": cookie})
    assert 'value="感谢各位市民"' in page.text


async def test_a_page_of_an_earlier_session_is_shown_once_more(house: House, officer: httpx.AsyncClient) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, line="感谢各位市民")
    await let_in(house, officer)
    shown = await confirm(officer, code, form)
    assert shown.status_code == 403
    assert "登录已更新，撤回尚未执行" in shown.text
    assert 'name="line" value="感谢各位市民"' in shown.text
    assert await state_of(house, code) is AlertState.ACTIVE
    done = await confirm(officer, code, form | {"csrf": csrf_of(shown.text)})
    assert done.headers["location"].endswith("result=retracted")


async def test_a_session_that_ends_while_the_line_is_typed_loses_nothing_either(
    house: House, officer: httpx.AsyncClient
) -> None:
    code = await aired_alert(house)
    form = await filled(officer, code, line="感谢各位市民")
    await end_sessions(house, officer)
    shown = {"hx-request": "true", "hx-current-url": f"http://huijia.test/console/alerts/{code}/retract"}
    sent = await officer.post(f"/console/alerts/{code}/retract/correction", data=form, headers=shown)
    assert sent.headers["hx-redirect"] == f"/console/sign-in?next=/console/alerts/{code}/retract&why=retract"
    await let_in(house, officer)
    assert 'value="感谢各位市民"' in (await officer.get(f"/console/alerts/{code}/retract")).text
