"""Telling the public anew: what will go out is looked at before the name is pressed."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.console.live import Live
from app.db.engine import transaction
from app.flows.house import House
from app.flows.sign_in import set_password
from app.flows.submit import Picture
from tests.console.conftest import application, csrf_of
from tests.console.easel import Easel
from tests.console.officers import at_the_desk
from tests.console.retraction import confirm, filled
from tests.flows.ledger import one
from tests.making import make_alert, make_outlet, photo_bytes


@pytest.fixture
def easel(house: House) -> Easel:
    return Easel(house.press)


@pytest.fixture
def app(house: House, live: Live, easel: Easel) -> FastAPI:
    return application(replace(house, press=easel), live)


@pytest.fixture
async def wang(house: House, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with transaction(house.engine) as session:
        await set_password(session, "管理员", None)  # the first account administers
    someone = await at_the_desk(house, app, "王建国", "010233")
    yield someone
    await someone.aclose()


async def _in_hand(officer: httpx.AsyncClient, code: str, **changes: str) -> str:
    """Fill the form in and go on; the page on which the name is pressed."""
    page = (await officer.get(f"/console/alerts/{code}/update")).text
    fields = dict(re.findall(r'<input id="(\w+)"[^>]* value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea id="(\w+)"[^>]*>([^<]*)<', page))
    sent = {name: (None, value) for name, value in (fields | {"csrf": csrf_of(page)} | changes).items()}
    done = await officer.post(f"/console/alerts/{code}/update", files=sent)
    assert done.status_code == 303, done.text
    return (await officer.get(done.headers["location"])).text


async def test_what_will_go_out_is_shown_with_its_pictures(
    house: House, wang: httpx.AsyncClient, app: FastAPI, easel: Easel
) -> None:
    await make_outlet(house)
    await make_outlet(house, channel="tv")
    code = await make_alert(house, Picture(photo_bytes(), "image/jpeg", 120, 160))
    page = await _in_hand(wang, code, name="李晓明", clothing="黄色雨衣")
    assert easel.painted == 0, "the page does not wait for its pictures"
    found = re.search(r'hx-get="(/console/plates/[^"]+)"', page)
    assert found is not None
    shown = (await wang.get(found[1])).text
    assert re.findall(r'<h2 id="h-medium-\d">(\S+?)<', shown) == ["电视", "户外电子屏"]
    assert "黄色雨衣" in shown
    image = re.search(r'<img src="(/console/plates/[^"]+)"', shown)
    assert image is not None
    assert (await wang.get(image[1])).content.endswith("of 李晓明".encode())
    assert easel.painted == 1
    assert (await wang.get(f"{found[1]}/photo")).content == photo_bytes(), "the one that stands"
    assert await one(house, "SELECT count(*) FROM notice") == 1, "nothing has gone out"
    other = await at_the_desk(house, app, "赵敏", "010871")
    for address in (found[1], image[1], f"{found[1]}/photo"):
        assert (await other.get(address)).status_code == 404, "it is the ticket of another officer's draft"
    await other.aclose()
    await wang.post(f"/console/alerts/{code}/update/preview", data={"csrf": csrf_of(page), "confirm": code})
    assert (await wang.get(f"{found[1]}/photo")).status_code == 404, "nothing is in hand any more"
    async with transaction(house.engine) as session:
        await session.execute(text("UPDATE alert SET state = 'retracted', ended_at = now(), end_reason = 'found'"))
    assert (await wang.get(image[1])).status_code in (200, 409)
    assert (await wang.get(found[1])).status_code == 409, "the search is over"


@pytest.mark.parametrize(
    ("pressed", "said"), [("", "请看清照片和姓名，再按下这个孩子的姓名"), ("HJ-2026-999999", "您按下的是另一条寻人")]
)
async def test_a_name_that_does_not_count_has_the_focus_and_says_why(
    house: House, wang: httpx.AsyncClient, pressed: str, said: str
) -> None:
    code = await make_alert(house)
    page = await _in_hand(wang, code, clothing="黄色雨衣")
    form = {"csrf": csrf_of(page), "confirm": pressed}
    refused = await wang.post(f"/console/alerts/{code}/update/preview", data=form)
    assert refused.status_code == 422
    assert re.search(r'<fieldset class="press" tabindex="-1" autofocus aria-describedby="confirm-fault">', refused.text)
    fault = re.search(r'id="confirm-fault">([^<]*)<', refused.text)
    assert fault is not None
    assert said in fault[1]
    assert refused.text.count("autofocus") == 1


async def test_who_takes_it_back_does_not_wait_for_the_pictures_of_an_update(
    house: House, wang: httpx.AsyncClient, easel: Easel
) -> None:
    await make_outlet(house)
    code = await make_alert(house)
    page = await _in_hand(wang, code, clothing="黄色雨衣")
    easel.begun.clear()
    easel.free.clear()
    form = {"csrf": csrf_of(page), "confirm": code}
    updating = asyncio.create_task(wang.post(f"/console/alerts/{code}/update/preview", data=form))
    await asyncio.wait_for(easel.begun.wait(), 5)
    back = await asyncio.wait_for(confirm(wang, code, await filled(wang, code)), 2)
    assert back.status_code == 303
    easel.free.set()
    late = await updating
    assert late.status_code == 409
    assert "已经结束" in late.text
    assert await one(house, "SELECT state FROM alert") == "retracted"
    assert await one(house, "SELECT count(*) FROM notice") == 2


async def test_what_is_wrong_has_the_focus(house: House, wang: httpx.AsyncClient) -> None:
    code = await make_alert(house)
    page = (await wang.get(f"/console/alerts/{code}/update")).text
    sent = {"csrf": csrf_of(page), "name": "", "height": "12", "at": "", "phone": "x", "address": "小寨"}
    refused = await wang.post(f"/console/alerts/{code}/update", files={n: (None, v) for n, v in sent.items()})
    assert refused.status_code == 422
    first = re.search(r"<[^>]* autofocus[^>]*>", refused.text)
    assert first is not None
    assert first[0].startswith('<input id="name"')
    assert 'aria-describedby="name-fault"' in first[0]
