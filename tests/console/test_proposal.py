"""The second officer: what waits is on top of the board, every look is written down, one deliberate act sends it out."""

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
from tests.console.conftest import application, browser, csrf_of, let_in
from tests.console.easel import Easel
from tests.console.officers import ISSUE, at_the_desk, decided, filled, make_officer, opened, proposed
from tests.flows.ledger import dump, one, rows
from tests.making import make_alert, make_outlet, photo_bytes


@pytest.fixture
async def wang(house: House, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with transaction(house.engine) as session:
        await set_password(session, "管理员", None)  # the first account administers
    someone = await at_the_desk(house, app, "王建国", "010233")
    yield someone
    await someone.aclose()


@pytest.fixture
async def zhao(house: House, app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    someone = await at_the_desk(house, app, "赵敏", "010871")
    yield someone
    await someone.aclose()


async def test_one_fills_it_in_another_confirms_it_and_it_is_out(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    await make_outlet(house)
    path = await proposed(wang, photo_bytes())
    waits = (await wang.get(f"{path}?result=proposed")).text
    assert "已提交，还没有发出" in waits
    board = (await zhao.get("/console/")).text
    assert board.index("等待第二名民警确认：陕西省西安市雁塔区") < board.index('id="h-real"')
    assert "李小明" not in board
    page = (await opened(zhao, path)).text
    for public in ("李小明", "红色短袖", "陕A12345 白色面包车", "029-85250111"):
        assert public in page
    for police in ("A6101130000002026120001", "监控视频与家属陈述一致", "李强", "13800000000", "010233"):
        assert police in page.split("仅公安可见")[1]
    assert "您将记为核实民警：赵敏，警号 010871" in page
    names = re.findall(r'<button [^>]*name="confirm" value="([^"]*)"[^>]*>(.*?)</button>', page, re.DOTALL)
    assert [of for of, _ in names] == ["", "TJ-000001"], "the first, which Enter presses, names nobody"
    assert "<bdi>李小明</bdi>" in names[1][1]
    out = await decided(zhao, path, "confirm")
    code = await one(house, "SELECT code FROM alert")
    assert out.headers["location"] == f"/console/alerts/{code}?result=issued"
    alert = (await zhao.get(out.headers["location"])).text
    assert "已确认发出，正在送往各发布点" in alert
    assert "李小明" in alert
    log = (await zhao.get(f"/console/alerts/{code}/timeline")).text
    assert "第二名民警核实确认，提交人 王建国" in log
    assert await one(house, "SELECT count(*) FROM delivery") == 1
    for someone in (wang, zhao):
        done = (await someone.get(path)).text
        assert "已确认发出" in done
        assert f"/console/alerts/{code}" in done
        assert "李小明" not in done
    assert "等待第二名民警确认" not in (await wang.get("/console/")).text


async def test_confirming_twice_is_one_alert_and_is_said(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang)
    form = {"csrf": csrf_of((await zhao.get(path)).text), "confirm": "TJ-000001"}
    await zhao.post(f"{path}/confirm", data=form)
    again = await zhao.post(f"{path}/confirm", data=form)
    assert again.headers["location"] == f"{path}?result=confirmed"
    assert "已经确认发出，没有重复发送" in (await zhao.get(again.headers["location"])).text
    assert await one(house, "SELECT count(*) FROM alert") == 1
    declined = await zhao.post(f"{path}/decline", data=form | {"reason": "晚了"})
    assert declined.status_code == 409
    assert "已由第二名民警确认并发出，没有再执行任何操作" in declined.text


async def test_confirming_what_was_withdrawn_meanwhile_does_nothing_and_says_so(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang, photo_bytes(), clothing="蓝色外套")
    page = (await opened(zhao, path)).text
    back = await decided(wang, path, "withdraw")
    assert back.headers["location"] == f"{ISSUE}?result=withdrawn"
    refused = await zhao.post(f"{path}/confirm", data={"csrf": csrf_of(page), "confirm": "TJ-000001"})
    assert refused.status_code == 409
    assert "已由提交人收回，没有再执行任何操作" in refused.text
    assert await one(house, "SELECT count(*) FROM alert") == 0
    form = (await wang.get(back.headers["location"])).text
    assert "蓝色外套" in form
    assert 'id="result"' in form, "the photo too"
    assert "已收回，没有发出" in form


async def test_what_is_declined_says_why_and_can_be_mended(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang)
    silent = await decided(zhao, path, "decline", reason="  ")
    assert silent.status_code == 422
    assert "请写明退回的原因" in silent.text
    await decided(zhao, path, "decline", reason="出生日期与户籍不符")
    mine = (await wang.get(path)).text
    assert "已退回" in mine
    assert "出生日期与户籍不符" in mine
    assert "出生日期与户籍不符" not in repr(await dump(house)), "sealed like the rest"
    board = (await wang.get("/console/")).text
    assert "已退回：陕西省西安市雁塔区" in board
    assert "请提交人取回修改，或删除" in board
    taken = await decided(wang, path, "take-up")
    assert "已退回：" not in (await wang.get("/console/")).text
    assert taken.headers["location"] == f"{ISSUE}?result=taken"
    assert "监控视频与家属陈述一致" in (await wang.get(ISSUE)).text
    second = await proposed(wang, age="8")
    assert second != path
    assert (await decided(wang, path, "take-up")).status_code == 404


async def test_what_is_no_longer_needed_is_let_go(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang, photo_bytes())
    await decided(zhao, path, "decline", reason="孩子已找到")
    assert (await decided(zhao, path, "let-go")).status_code == 404, "it is not theirs"
    gone = await decided(wang, path, "let-go")
    assert "已删除，不再提示" in (await wang.get(gone.headers["location"])).text
    assert "已退回" not in (await wang.get("/console/")).text
    assert await one(house, "SELECT count(*) FROM draft") == 0


async def test_nobody_presses_their_own_name_or_another_childs(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    other = await make_alert(house, minor__name="李小红")
    path = await proposed(wang)
    own = (await opened(wang, path)).text
    assert "李小明" in own
    assert 'name="confirm"' not in own
    assert (await decided(wang, path, "confirm")).status_code == 403
    page = (await opened(zhao, path)).text
    assert set(re.findall(r'name="confirm" value="([^"]+)"', page)) == {"TJ-000001", other}
    for pressed, said in ((other, "您按下的是另一条寻人"), ("", "请看清照片和姓名")):
        refused = await decided(zhao, path, "confirm", confirm=pressed)
        assert refused.status_code == 422
        assert said in refused.text
        assert "没有发出" in refused.text
    assert await one(house, "SELECT count(*) FROM alert") == 1, "the other child's, as before"


async def test_every_look_is_written_down_and_a_link_opens_nothing(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang, photo_bytes())
    header = (await zhao.get(path)).text
    for private in ("李小明", "小寨", "A6101130000002026120001", "李强"):
        assert private not in header
    assert (await zhao.get(f"{path}/look")).status_code in (404, 405)
    looks = "SELECT actor, detail FROM audit WHERE act = 'looked' ORDER BY id"
    assert await rows(house, looks) == []
    await opened(zhao, path)
    await decided(zhao, path, "confirm", confirm="")  # the page is shown once more
    assert [(r.actor, r.detail) for r in await rows(house, looks)] == [("operator:赵敏", {"proposal": 1})] * 2


async def test_who_may_not_decide_sees_that_it_waits_and_no_more(
    house: House, app: FastAPI, wang: httpx.AsyncClient
) -> None:
    path = await proposed(wang)
    away = await at_the_desk(house, app, "远方", "050001", organ="610112000000", area="610112")
    async with browser(app) as desk:
        await let_in(house, desk, "值班员")
        await make_officer(house, "值班员", "", role="operator")
        for someone in (away, desk):
            assert "等待第二名民警确认" in (await someone.get("/console/")).text
            page = (await someone.get(path)).text
            assert "打开，核实并确认" not in page
            for act in ("look", "confirm", "decline", "withdraw"):
                told = {"csrf": csrf_of(page), "confirm": "TJ-000001", "reason": "x"}
                refused = await someone.post(f"{path}/{act}", data=told)
                assert refused.status_code == 403, act
                assert "李小明" not in refused.text
    await away.aclose()
    assert await one(house, "SELECT state FROM proposal") == "proposed"


async def test_what_nobody_confirms_in_time_is_over(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang)
    page = (await opened(zhao, path)).text
    async with transaction(house.engine) as session:
        await session.execute(text("UPDATE proposal SET lapses_at = now() - interval '1 second'"))
    assert "等待第二名民警确认" not in (await zhao.get("/console/")).text
    assert "4 小时无人确认，已失效" in (await zhao.get(path)).text
    refused = await zhao.post(f"{path}/confirm", data={"csrf": csrf_of(page), "confirm": "TJ-000001"})
    assert refused.status_code == 409
    assert "已失效" in refused.text


async def test_an_exercise_looks_like_one_from_the_form_to_the_board(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang, status="exercise")
    for page in ((await zhao.get(path)).text, (await opened(zhao, path)).text):
        assert '<body class="exercise' in page
        assert "演练：不是真实警情" in page
    assert '<span class="mark exercise">演练</span> <a id="proposal-1"' in (await zhao.get("/console/")).text
    out = await decided(zhao, path, "confirm")
    assert re.match(r"/console/alerts/YL-", out.headers["location"])


async def test_a_form_of_another_session_or_site_decides_nothing(
    house: House, wang: httpx.AsyncClient, zhao: httpx.AsyncClient
) -> None:
    path = await proposed(wang)
    for act in ("look", "confirm", "decline", "withdraw", "take-up"):
        forged = await zhao.post(f"{path}/{act}", data={"csrf": "x", "confirm": "TJ-000001", "reason": "x"})
        assert forged.status_code == 403, act
        foreign = await zhao.post(f"{path}/{act}", data={}, headers={"sec-fetch-site": "cross-site"})
        assert foreign.status_code == 403, act
    assert await one(house, "SELECT state FROM proposal") == "proposed"


@pytest.mark.parametrize("id", ["0", "99", "x", "9" * 30])
async def test_what_there_is_not_is_told(wang: httpx.AsyncClient, id: str) -> None:
    assert (await wang.get(f"/console/proposals/{id}")).status_code == 404


async def test_pictures_are_for_whose_page_it_is(house: House, live: Live) -> None:
    easel = Easel(house.press)
    here = replace(house, press=easel)
    app = application(here, live)
    await make_outlet(house)
    async with transaction(house.engine) as session:
        await set_password(session, "管理员", None)
    wang, zhao, sun = [
        await at_the_desk(house, app, name, number)
        for name, number in (("王建国", "010233"), ("赵敏", "010871"), ("孙立", "010999"))
    ]
    path = await proposed(wang, photo_bytes())
    page = (await opened(zhao, path)).text
    found = re.search(r'hx-get="(/console/plates/[^"]+)"', page)
    assert found is not None
    painted = (await zhao.get(found[1])).text
    image = re.search(r'<img src="(/console/plates/[^"]+)"', painted)
    assert image is not None
    times = easel.painted
    shown = await zhao.get(image[1])
    assert shown.content.endswith("of 李小明".encode())
    assert shown.headers["cache-control"] == "no-store"
    assert easel.painted == times, "not made twice"
    async with browser(application(here, live)) as elsewhere:  # another process, which has made nothing
        elsewhere.cookies = zhao.cookies
        assert (await elsewhere.get(image[1])).content == shown.content
    for stranger in (sun, wang):
        for address in (found[1], image[1], f"{found[1]}/photo"):
            assert (await stranger.get(address)).status_code == 404, "it is the ticket of another officer's look"
    await decided(wang, path, "withdraw")
    assert (await zhao.get(f"{found[1]}/photo")).status_code == 409, "nothing waits there any more"
    for someone in (wang, zhao, sun):
        await someone.aclose()


async def test_two_children_are_filled_in_one_after_the_other(house: House, wang: httpx.AsyncClient) -> None:
    first = await proposed(wang)
    await filled(wang, name="王子涵", case_number="A6101130000002026120002")
    back = await decided(wang, first, "withdraw")
    assert back.headers["location"] == f"{first}?result=withdrawn", "the form holds another child"
    assert "您正在填写另一份" in (await wang.get(back.headers["location"])).text
    refused = await decided(wang, first, "take-up")
    assert refused.status_code == 409
    assert "您还有一份没有提交的填写" in refused.text
    assert "王子涵" in (await wang.get(ISSUE)).text
